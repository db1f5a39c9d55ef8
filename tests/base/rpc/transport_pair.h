// Cerium. Licensed under the Apache License 2.0.
// Most tests of the transport contract start from this: two connected transports, and messages to send.
#pragma once

#include <memory>
#include <string>

#include "base/rpc/transport.h"
#include "tests/base/rpc/inbox.h"

namespace cerium::rpc::contract {

/// Two transports with one connection between them. The inboxes are declared first, so they outlive the handlers.
template <typename Net>
struct Pair {
  explicit Pair(TransportOptions options = {.secret = "s3cret"})
      : server(net.make(options)),
        client(net.make(options)),
        address(server->listen(net.anyPort(), at_server.acceptor())),
        connection(client->connect(address, at_client.handlers())) {}

  Inbox at_server;
  Inbox at_client;
  Net net;
  std::unique_ptr<Transport> server;
  std::unique_ptr<Transport> client;
  Endpoint address;
  ConnectionPtr connection;
};

/// Bytes in which a shifted or missing piece is noticed.
inline Bytes patterned(size_t size) {
  Bytes bytes;
  char* place = bytes.grow(size);
  for (size_t i = 0; i < size; ++i) place[i] = static_cast<char>(i * 31 + i / 65'536);
  return bytes;
}

}  // namespace cerium::rpc::contract
