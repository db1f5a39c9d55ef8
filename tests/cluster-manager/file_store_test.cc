// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/file_store.h"

#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <vector>

#include "base/rpc/content_file.h"
#include "base/rpc/loopback/loopback.h"
#include "base/util/error.h"
#include "tests/support/temp_folder.h"

namespace cerium::cluster_manager {
namespace {

using protocol::FetchFile;
using protocol::FilePiece;
using protocol::ServedFile;
using testing::TempFolder;

constexpr const char* kSecret = "the application's";

/// Two machines: one with programs and a `driver`, one with a store.
class Machines {
 public:
  Machines()
      : driver(rpc::makeLoopbackTransport(network, {.secret = kSecret})),
        store(worker / "programs", [this](rpc::TransportOptions options) {
          return rpc::makeLoopbackTransport(network, std::move(options));
        }) {}

  /// A file on the driver's machine that the worker's machine does not see.
  ServedFile program(const std::string& contents) {
    file = std::make_unique<rpc::ContentFile>(driver_folder.write("program", contents));
    return {file->hash(), contents.size(), "/not/on/this/machine", "driver", 4040};
  }

  /// Answers FetchFile with `answer`.
  void serve(std::function<protocol::ClusterMessage(const FetchFile&)> answer) {
    driver->listen({"driver", 4040}, [this, answer](const rpc::ConnectionPtr&) -> rpc::Handlers {
      ++connections;
      return {[answer](const rpc::ConnectionPtr& from, const Bytes& bytes) {
                from->send(protocol::encodeCluster(answer(std::get<FetchFile>(protocol::decodeCluster(bytes)))));
              },
              [](const rpc::ConnectionPtr&, const std::string&) {}};
    });
  }
  /// The answer of a driver.
  FilePiece piece(const FetchFile& wanted) {
    Bytes bytes = file->piece(wanted.offset);
    const bool last = wanted.offset + bytes.size() >= file->bytes();
    return {wanted.offset, last, "", std::move(bytes)};
  }

  std::string get(const ServedFile& wanted) { return store.get(wanted, FileStore::Access::kExecute, kSecret); }
  std::string failure(const ServedFile& wanted) {
    try {
      return "got " + get(wanted);
    } catch (const Error& e) {
      return e.what();
    }
  }
  std::vector<std::string> kept() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(worker / "programs"))
      names.push_back(entry.path().filename());
    return names;
  }

  std::shared_ptr<rpc::LoopbackNetwork> network = std::make_shared<rpc::LoopbackNetwork>();
  TempFolder driver_folder;
  TempFolder worker;
  std::unique_ptr<rpc::ContentFile> file;
  std::atomic<int> connections{0};
  std::unique_ptr<rpc::Transport> driver;
  FileStore store;
};

/// Long enough for several pieces.
std::string largeProgram() { return std::string(5 * rpc::ContentFile::kPieceBytes / 2, 'p') + "end"; }

}  // namespace

TEST_CASE("a program is fetched whole, and may be executed by its owner alone", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program(largeProgram());
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  const std::string path = machines.get(wanted);
  CHECK(path == machines.worker / "programs/" + wanted.hash);
  CHECK(testing::contentsOf(path) == largeProgram());
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) == std::filesystem::perms(0700));
  CHECK(machines.kept() == std::vector<std::string>{wanted.hash});
}

TEST_CASE("executors that ask for a program at the same time get it by one fetch", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program(largeProgram());
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  std::vector<std::future<std::string>> paths;
  for (int i = 0; i < 8; ++i) {
    paths.push_back(std::async(std::launch::async, [&] { return machines.get(wanted); }));
  }
  for (auto& path : paths) CHECK(path.get() == machines.worker / "programs/" + wanted.hash);
  CHECK(machines.connections == 1);
  CHECK(machines.get(wanted) == machines.worker / "programs/" + wanted.hash);
  CHECK(machines.connections == 1);
}

TEST_CASE("a file of this machine with the program's hash is used as it is", "[cluster-manager][programs]") {
  Machines machines;
  ServedFile wanted = machines.program("#!/bin/sh\n");
  wanted.path = machines.driver_folder / "program";
  SECTION("it may be executed") {
    ::chmod(wanted.path.c_str(), 0700);
    CHECK(machines.get(wanted) == wanted.path);
    CHECK(machines.kept().empty());
    SECTION("until it is changed") {
      machines.driver_folder.write("program", "#!/bin/ls\n");
      CHECK_THAT(machines.failure(wanted), Catch::Contains("driver:4040"));  // no process listens there
    }
  }
  SECTION("else the program is fetched") {
    machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
    CHECK(machines.get(wanted) == machines.worker / "programs/" + wanted.hash);
  }
}

TEST_CASE("a kept program that was damaged is fetched again", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program("the program");
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  const std::string path = machines.get(wanted);
  machines.worker.write("programs/" + wanted.hash, "the damaged");
  CHECK(machines.get(wanted) == path);
  CHECK(testing::contentsOf(path) == "the program");
  CHECK(machines.connections == 2);
}

TEST_CASE("wrong pieces are refused and leave nothing behind", "[cluster-manager][programs]") {
  struct Case {
    const char* what;
    std::function<protocol::ClusterMessage(Machines&, const FetchFile&)> answer;
  };
  const auto [what, answer] = GENERATE(values<Case>({
      {"it has changed since",
       [](Machines&, const FetchFile& f) {
         return FilePiece{f.offset, true, "", Bytes("the Program")};
       }},
      {"it has changed since",
       [](Machines&, const FetchFile& f) {
         return FilePiece{f.offset, true, "", Bytes("the")};
       }},
      {"it has changed since",
       [](Machines&, const FetchFile& f) {
         return FilePiece{f.offset, true, "", {}};
       }},
      {"longer than announced",
       [](Machines&, const FetchFile& f) {
         return FilePiece{f.offset, false, "", Bytes("the program and more")};
       }},
      {"out of order",
       [](Machines&, const FetchFile&) {
         return FilePiece{3, false, "", Bytes("the")};
       }},
      {"out of order",
       [](Machines&, const FetchFile&) {
         return FilePiece{~uint64_t{0}, true, "", Bytes("the")};
       }},
      {"without contents",
       [](Machines&, const FetchFile& f) {
         return FilePiece{f.offset, false, "", {}};
       }},
      {"there is no such program",
       [](Machines&, const FetchFile&) {
         return FilePiece{0, false, "there is no such program", {}};
       }},
      {"is not a piece of a file", [](Machines&, const FetchFile&) { return protocol::LeaveWhenIdle{}; }},
  }));
  Machines machines;
  const ServedFile wanted = machines.program("the program");
  machines.serve([&machines, &answer = answer](const FetchFile& fetch) { return answer(machines, fetch); });
  const std::string failure = machines.failure(wanted);
  CHECK_THAT(failure, Catch::Contains(what));
  CHECK_THAT(failure, Catch::Contains("file /not/on/this/machine"));
  CHECK_THAT(failure, Catch::Contains("driver:4040"));
  CHECK(machines.kept().empty());
}

TEST_CASE("more pieces than were asked for end the fetch", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program("the program");
  machines.driver->listen({"driver", 4040}, [&](const rpc::ConnectionPtr& to) -> rpc::Handlers {
    for (int i = 0; i < 100; ++i) to->send(protocol::encodeCluster(FilePiece{0, false, "", Bytes("x")}));
    return {[](const rpc::ConnectionPtr&, const Bytes&) {}, [](const rpc::ConnectionPtr&, const std::string&) {}};
  });
  CHECK_THAT(machines.failure(wanted), !Catch::StartsWith("got "));
  CHECK(machines.kept().empty());
}

TEST_CASE("a text that is not a hash never becomes a file", "[cluster-manager][programs]") {
  Machines machines;
  for (const std::string& hash : {std::string("../../etc/passwd"), std::string(), std::string(64, 'G'),
                                  std::string(64, 'A'), std::string(63, 'a') + "/"}) {
    CHECK_THAT(machines.failure({hash, 1, "/bin/true", "driver", 4040}), Catch::Contains("not a SHA-256"));
  }
}

TEST_CASE("a fetch that failed is tried again by the next asker, from its own source", "[cluster-manager][programs]") {
  Machines machines;
  ServedFile wanted = machines.program("the program");
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  ServedFile elsewhere = wanted;
  elsewhere.port = 4041;
  CHECK_THAT(machines.failure(elsewhere), Catch::Contains("driver:4041"));
  CHECK_THAT(machines.failure(wanted), Catch::StartsWith("got "));
}

TEST_CASE("a driver with another secret gives no program", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program("the program");
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  CHECK_THROWS_AS(machines.store.get(wanted, FileStore::Access::kExecute, "another"), IoError);
  CHECK(machines.kept().empty());
}

TEST_CASE("stopping ends a fetch that waits", "[cluster-manager][programs]") {
  Machines machines;
  const ServedFile wanted = machines.program("the program");
  std::promise<void> asked;
  machines.driver->listen({"driver", 4040}, [&](const rpc::ConnectionPtr&) -> rpc::Handlers {
    return {[&](const rpc::ConnectionPtr&, const Bytes&) { asked.set_value(); },
            [](const rpc::ConnectionPtr&, const std::string&) {}};
  });
  auto failure = std::async(std::launch::async, [&] { return machines.failure(wanted); });
  asked.get_future().wait();
  machines.store.stop();
  CHECK_THAT(failure.get(), Catch::Contains("the worker stops"));
  CHECK_THAT(machines.failure(wanted), Catch::Contains("the worker stops"));
}

TEST_CASE("the programs used last are kept", "[cluster-manager][programs]") {
  Machines machines;
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  const ServedFile first = machines.program("program 0");
  (void)machines.get(first);
  for (int i = 1; i <= 40; ++i) {
    const std::string path = machines.get(machines.program("program " + std::to_string(i)));
    const auto an_hour_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
    std::filesystem::last_write_time(path, an_hour_ago + std::chrono::seconds(i));
    (void)machines.get(first);
  }
  (void)machines.get(machines.program("program 41"));
  CHECK(machines.kept().size() == 32);
  CHECK(std::filesystem::exists(machines.worker / "programs/" + first.hash));
  CHECK(std::filesystem::exists(machines.worker / "programs/" + machines.program("program 40").hash));
  CHECK_FALSE(std::filesystem::exists(machines.worker / "programs/" + machines.program("program 1").hash));
}

TEST_CASE("a driver may have any number of files: what was used just now stays", "[cluster-manager][programs]") {
  Machines machines;
  machines.serve([&](const FetchFile& fetch) { return machines.piece(fetch); });
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) paths.push_back(machines.get(machines.program("file " + std::to_string(i))));
  for (const auto& path : paths) CHECK(std::filesystem::exists(path));
}

TEST_CASE("partly fetched files of a killed worker are removed by the next one", "[cluster-manager][programs]") {
  TempFolder folder;
  const std::string hash(64, 'a');
  const std::string whole = folder.write(hash, "a program");
  const std::string part = folder.write(hash + ".Xy3z9Q", "a pro");
  const FileStore store(folder.path());
  CHECK(std::filesystem::exists(whole));
  CHECK_FALSE(std::filesystem::exists(part));
}

}  // namespace cerium::cluster_manager
