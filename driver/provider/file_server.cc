// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/file_server.h"

#include <algorithm>

#include "base/util/error.h"

namespace cerium {

FileServer::FileServer(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    auto file = std::make_shared<const rpc::ContentFile>(path);
    files_.push_back({path, file->hash(), file});
  }
}

rpc::Handlers FileServer::handlers() {
  return {[this](const rpc::ConnectionPtr& worker, const Bytes& bytes) {
            const auto message = protocol::decodeCluster(bytes);
            const auto* fetch = std::get_if<protocol::FetchFile>(&message);
            if (fetch == nullptr) throw CorruptData("this port hands out a program, nothing else");
            answer(worker, *fetch);
          },
          [](const rpc::ConnectionPtr&, const std::string&) {}};
}

void FileServer::answer(const rpc::ConnectionPtr& worker, protocol::FetchFile fetch) {
  thread_.run([this, worker, fetch = std::move(fetch)] { read(worker, fetch); });
}

void FileServer::read(const rpc::ConnectionPtr& worker, const protocol::FetchFile& fetch) const {
  protocol::FilePiece piece;
  piece.offset = fetch.offset;
  const auto found =
      std::find_if(files_.begin(), files_.end(), [&](const Served& each) { return each.hash == fetch.hash; });
  if (found == files_.end()) {
    piece.failure = "no file with hash " + fetch.hash + " is served here";
  } else {
    try {
      piece.bytes = found->file->piece(fetch.offset);
      piece.last = fetch.offset + piece.bytes.size() >= found->file->bytes();
    } catch (const IoError& e) {
      piece.failure = e.what();
    }
  }
  worker->send(protocol::encodeCluster(std::move(piece)));
}

std::vector<protocol::ServedFile> FileServer::describe(const rpc::Endpoint& at) const {
  std::vector<protocol::ServedFile> all;
  for (const Served& each : files_) all.push_back({each.hash, each.file->bytes(), each.path, at.host, at.port});
  return all;
}

}  // namespace cerium
