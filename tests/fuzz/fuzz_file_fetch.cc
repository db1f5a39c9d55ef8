// Cerium. Licensed under the Apache License 2.0.
// A file as a worker fetches it in pieces: a kept file has the requested hash, and a refused file leaves nothing
// behind.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/rpc/content_file.h"
#include "cluster-manager/worker/file_store.h"
#include "tests/fuzz/scripted_peer.h"

using namespace cerium;
namespace fs = std::filesystem;

namespace {

const std::string kContents = "#!/bin/sh\necho hello\n";

std::string hashOfContents() {
  rpc::Sha256 sum;
  sum.update(kContents.data(), kContents.size());
  return sum.hex();
}

Bytes piece(size_t begin, size_t end) {
  return protocol::encodeCluster(
      protocol::FilePiece{begin, end == kContents.size(), {}, Bytes(kContents.substr(begin, end - begin))});
}

/// A folder of this process; its destructor removes it.
struct Folder {
  Folder() { fs::create_directory(path); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  const fs::path path = fs::temp_directory_path() / ("cerium-fuzz-" + std::to_string(::getpid()));
};

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const size_t all = kContents.size();
  return {fuzz::asInput({piece(0, all)}), fuzz::asInput({piece(0, 5), piece(5, 6), piece(6, all)})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static fuzz::ScriptedPeer peer(fuzz::ScriptedPeer::Manner::kOneEach);
  static const Folder folder;
  static cluster_manager::FileStore store(folder.path, [](rpc::TransportOptions options) {
    return rpc::makeLoopbackTransport(peer.network(), std::move(options));
  });
  static const rpc::Endpoint from = fuzz::ScriptedPeer::address();
  static const protocol::ServedFile wanted{hashOfContents(), kContents.size(), "", from.host, from.port};
  peer.say(fuzz::framesIn(fuzz::textOf(data, size)));
  try {
    const std::string path =
        store.get(wanted, cluster_manager::FileStore::Access::kExecute, fuzz::ScriptedPeer::kSecret);
    std::ifstream in(path, std::ios::binary);
    fuzz::check(std::string(std::istreambuf_iterator<char>(in), {}) == kContents,
                "a file has other contents than its hash says");
    fs::remove(path);
    fuzz::decodedWhole();
  } catch (const IoError&) {
  } catch (const CorruptData&) {
  }
  fuzz::check(fs::is_empty(folder.path), "what was not kept was left behind");
  return 0;
}
