// Cerium. Licensed under the Apache License 2.0.
#include "driver/program_server.h"

#include "base/util/error.h"

namespace cerium {

ProgramServer::ProgramServer(std::string path) : path_(std::move(path)), file_(path_), hash_(file_.hash()) {}

rpc::Handlers ProgramServer::handlers() {
  return {[this](const rpc::ConnectionPtr& worker, const Bytes& bytes) {
            const auto message = protocol::decodeCluster(bytes);
            const auto* fetch = std::get_if<protocol::FetchProgram>(&message);
            if (fetch == nullptr) throw CorruptData("this port hands out a program, nothing else");
            answer(worker, *fetch);
          },
          [](const rpc::ConnectionPtr&, const std::string&) {}};
}

void ProgramServer::answer(const rpc::ConnectionPtr& worker, const protocol::FetchProgram& fetch) const {
  protocol::ProgramPiece piece;
  piece.offset = fetch.offset;
  if (fetch.hash != hash_) {
    piece.failure = "no program with hash " + fetch.hash + " is here; " + path_ + " has " + hash_;
  } else {
    try {
      piece.bytes = file_.piece(fetch.offset);
      piece.last = fetch.offset + piece.bytes.size() >= file_.bytes();
    } catch (const IoError& e) {
      piece.failure = e.what();
    }
  }
  worker->send(protocol::encodeCluster(std::move(piece)));
}

protocol::Program ProgramServer::describe(const rpc::Endpoint& at, std::vector<std::string> arguments) const {
  protocol::Program program;
  program.hash = hash_;
  program.bytes = file_.bytes();
  program.path = path_;
  program.host = at.host;
  program.port = at.port;
  program.arguments = std::move(arguments);
  return program;
}

}  // namespace cerium
