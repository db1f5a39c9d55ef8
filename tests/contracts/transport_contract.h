// Cerium. Licensed under the Apache License 2.0.
// The contract of every transport: one function for each promise of base/rpc/transport.h, which a test file binds to
// each implementation. `Net` is a network: net.make(options) makes a transport on it, and net.anyPort() is an address
// to listen on.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/util/error.h"
#include "tests/base/rpc/inbox.h"
#include "tests/base/rpc/transport_pair.h"

namespace cerium::rpc::contract {

template <typename Net>
void keepsOrder() {
  Pair<Net> pair;
  constexpr size_t kCount = 20'000;
  for (size_t i = 0; i < kCount; ++i) pair.connection->send(Bytes(std::to_string(i)));
  REQUIRE(pair.at_server.waitForMessages(kCount));
  const auto messages = pair.at_server.messages();
  size_t wrong = 0;
  for (size_t i = 0; i < kCount; ++i) wrong += messages[i] == std::to_string(i) ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(messages.size() == kCount);
}

template <typename Net>
void carriesSizes() {
  Pair<Net> pair;
  // Sizes around every border of the TCP buffers, and 0.
  const std::vector<size_t> sizes = {0,      1,       7,       8,       9,       8'184,     8'192,     8'193, 65'535,
                                     65'536, 131'063, 131'064, 131'065, 131'072, 1'000'003, 5'000'000, 0,     3};
  for (size_t size : sizes) pair.connection->send(patterned(size));
  REQUIRE(pair.at_server.waitForMessages(sizes.size()));
  const auto messages = pair.at_server.messages();
  for (size_t i = 0; i < sizes.size(); ++i) {
    INFO("message " << i << " of " << sizes[i] << " bytes");
    CHECK((messages[i] == patterned(sizes[i]).view()));
  }
}

template <typename Net>
void carriesBigMessage() {
  Pair<Net> pair;
  const Bytes big = patterned(100'000'000);
  pair.connection->send(big);
  pair.connection->send(Bytes("after"));
  REQUIRE(pair.at_server.waitForMessages(2));
  const auto messages = pair.at_server.messages();
  CHECK((messages[0] == big.view()));
  CHECK(messages[1] == "after");
}

template <typename Net>
void keepsOrderOfEachThread() {
  Pair<Net> pair;
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 5'000;
  std::vector<std::thread> senders;
  for (size_t t = 0; t < kThreads; ++t)
    senders.emplace_back([&, t] {
      for (size_t i = 0; i < kEach; ++i) pair.connection->send(Bytes(std::to_string(t) + " " + std::to_string(i)));
    });
  for (auto& sender : senders) sender.join();
  REQUIRE(pair.at_server.waitForMessages(kThreads * kEach));
  std::vector<size_t> next(kThreads, 0);
  size_t wrong = 0;
  for (const std::string& message : pair.at_server.messages()) {
    const size_t thread = static_cast<size_t>(message[0] - '0');
    wrong += message.substr(2) == std::to_string(next[thread]++) ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(next == std::vector<size_t>(kThreads, kEach));
}

template <typename Net>
void echoesBothWays() {
  Inbox at_client;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  const Endpoint address = server->listen(net.anyPort(), [](const ConnectionPtr& accepted) {
    accepted->send(Bytes("welcome"));
    return Handlers{[](const ConnectionPtr& from, Bytes message) { from->send(std::move(message)); }, {}};
  });
  const auto connection = client->connect(address, at_client.handlers());
  for (int i = 0; i < 1'000; ++i) connection->send(Bytes(std::to_string(i)));
  REQUIRE(at_client.waitForMessages(1'001));
  const auto messages = at_client.messages();
  CHECK(messages.front() == "welcome");
  CHECK(messages[1] == "0");
  CHECK(messages.back() == "999");
  CHECK(connection->peer() == address.str());
}

template <typename Net>
void closeFlushesFirst() {
  Pair<Net> pair;
  constexpr size_t kCount = 50;
  for (size_t i = 0; i < kCount; ++i) pair.connection->send(patterned(300'000));
  pair.connection->close();
  pair.connection->close();
  pair.connection->send(Bytes("too late"));
  REQUIRE(pair.at_server.waitForCloses(1));
  REQUIRE(pair.at_client.waitForCloses(1));
  CHECK(pair.at_server.messages().size() == kCount);
  CHECK(pair.at_server.closes() == std::vector<std::string>{"closed by peer"});
  CHECK(pair.at_client.closes() == std::vector<std::string>{"closed by this process"});
  CHECK(pair.connection->queuedBytes() == 0);
}

template <typename Net>
void deliversNothingAfterClose() {
  Pair<Net> pair;
  const ConnectionPtr far = pair.at_server.waitForAccepted();
  REQUIRE(far);
  std::atomic<bool> stop = false;
  std::thread chatter([&] {
    while (!stop) far->send(Bytes("chat"));
  });
  const bool heard = pair.at_client.waitForMessages(100);
  pair.connection->close();
  const bool closed = pair.at_client.waitForCloses(1) && pair.at_server.waitForCloses(1);
  stop = true;
  chatter.join();
  CHECK(heard);
  CHECK(closed);
  CHECK(pair.at_client.lateMessages() == 0);
}

template <typename Net>
void closeInHandlerIsTheLastMessage() {
  Inbox at_server;
  Inbox at_client;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  const Endpoint address = server->listen(net.anyPort(), [&](const ConnectionPtr&) {
    Handlers handlers = at_server.handlers();
    handlers.onMessage = [record = handlers.onMessage](const ConnectionPtr& from, Bytes message) {
      from->close();
      record(from, std::move(message));
    };
    return handlers;
  });
  const auto connection = client->connect(address, at_client.handlers());
  for (int i = 0; i < 10'000; ++i) connection->send(Bytes("x"));
  REQUIRE(at_server.waitForCloses(1));
  REQUIRE(at_client.waitForCloses(1));
  CHECK(at_server.messages().size() == 1);
}

template <typename Net>
void tellsCloseOnce() {
  Inbox at_server;
  Inbox at_client;
  {
    Net net;
    auto server = net.make({.secret = "x"});
    auto client = net.make({.secret = "x"});
    const Endpoint address = server->listen(net.anyPort(), at_server.acceptor());
    const auto connection = client->connect(address, at_client.handlers());
    const auto far = at_server.waitForAccepted();
    REQUIRE(far);
    std::thread here([&] { connection->close(); });
    std::thread there([&] { far->close(); });
    here.join();
    there.join();
    CHECK(at_server.waitForCloses(1));
    CHECK(at_client.waitForCloses(1));
  }
  // The transports are destroyed too, which closes open connections a second time.
  CHECK(at_server.closes().size() == 1);
  CHECK(at_client.closes().size() == 1);
}

template <typename Net>
void destructionTellsBothSides() {
  Pair<Net> pair;
  REQUIRE(pair.at_server.waitForAccepted());
  SECTION("of the connecting side") { pair.client.reset(); }
  SECTION("of the accepting side") { pair.server.reset(); }
  CHECK(pair.at_server.waitForCloses(1));
  CHECK(pair.at_client.waitForCloses(1));
  // A user may keep a connection longer than its transport and use it in vain.
  pair.connection->send(Bytes("nobody hears this"));
  pair.connection->close();
  CHECK(pair.connection->queuedBytes() == 0);
}

template <typename Net>
void destructionKeepsWhatWasClosedFirst() {
  Pair<Net> pair;
  pair.connection->send(patterned(20'000'000));  // more than socket buffers hold
  pair.connection->send(Bytes("goodbye"));
  pair.connection->close();
  pair.client.reset();
  REQUIRE(pair.at_server.waitForCloses(1));
  const auto messages = pair.at_server.messages();
  REQUIRE(messages.size() == 2);
  CHECK(messages[1] == "goodbye");
}

template <typename Net>
void canBeDestroyedUnderTraffic() {
  for (int round = 0; round < 10; ++round) {
    std::atomic<bool> gone = false;
    std::atomic<int> after_gone = 0;
    Inbox at_server;
    Net net;
    auto server = net.make({.secret = "x"});
    auto client = net.make({.secret = "x"});
    const Endpoint address = server->listen(net.anyPort(), [&](const ConnectionPtr& connection) {
      Handlers handlers = at_server.handlers();
      handlers.onMessage = [&, record = handlers.onMessage](const ConnectionPtr& from, Bytes message) {
        from->send(message);
        record(from, std::move(message));
      };
      connection->send(Bytes("hello"));
      return handlers;
    });
    const Handlers watching{[&](const ConnectionPtr&, const Bytes&) { after_gone += gone ? 1 : 0; },
                            [&](const ConnectionPtr&, const std::string&) { after_gone += gone ? 1 : 0; }};
    const auto connection = client->connect(address, watching);
    std::atomic<bool> stop = false;
    std::thread sender([&] {
      // Bounded, as a sender must be, because the peer may be slower.
      while (!stop)
        if (connection->queuedBytes() < 1'000'000) connection->send(patterned(5'000));
    });
    const bool flowing = at_server.waitForMessages(20);
    if (round % 2 == 0) server.reset();
    client.reset();
    gone = true;
    stop = true;
    sender.join();
    server.reset();
    CHECK(flowing);
    CHECK(at_server.closes().size() == 1);
    CHECK(at_server.lateMessages() == 0);
    CHECK(after_gone == 0);
  }
}

template <typename Net>
void refusesWrongSecret() {
  Inbox at_server;
  Net net;
  auto server = net.make({.secret = "right"});
  const Endpoint address = server->listen(net.anyPort(), at_server.acceptor());
  for (const std::string secret : {"wrong", "", "right "}) {
    auto client = net.make({.secret = secret});
    const std::string failure = connectFailure(*client, address);
    CHECK_THAT(failure, Catch::Contains("wrong secret"));
    CHECK_THAT(failure, Catch::Contains(address.str()));
  }
  auto friendly = net.make({.secret = "right"});
  CHECK(connectFailure(*friendly, address) == "");
  REQUIRE(at_server.waitForCloses(1));
  CHECK(at_server.acceptedCount() == 1);
}

template <typename Net>
void reportsRefusedConnection() {
  Net net;
  Endpoint address;
  {
    auto server = net.make({.secret = "x"});
    address = server->listen(net.anyPort(), [](const ConnectionPtr&) { return Handlers{}; });
  }
  auto client = net.make({.secret = "x"});
  const std::string failure = connectFailure(*client, address);
  CHECK_THAT(failure, Catch::Contains("refused"));
  CHECK_THAT(failure, Catch::Contains(address.str()));
  CHECK_THROWS_AS(client->connect(address, {}), IoError);
}

template <typename Net>
void reportsAddressInUse() {
  Net net;
  auto server = net.make({.secret = "x"});
  const auto nobody = [](const ConnectionPtr&) { return Handlers{}; };
  const Endpoint address = server->listen(net.anyPort(), nobody);
  CHECK(address.port != 0);
  CHECK_THROWS_AS(server->listen(address, nobody), IoError);
  CHECK_THROWS_WITH(server->listen(address, nobody),
                    Catch::Contains(address.str()) && Catch::Contains("in use", Catch::CaseSensitive::No));
  CHECK(server->listen(net.anyPort(), nobody).port != address.port);
}

template <typename Net>
void refusesLongMessages() {
  SECTION("where they are sent") {
    Pair<Net> pair({.secret = "x", .max_message_bytes = 1'000});
    pair.connection->send(patterned(1'000));
    pair.connection->send(patterned(1'001));
    REQUIRE(pair.at_client.waitForCloses(1));
    REQUIRE(pair.at_server.waitForCloses(1));
    CHECK_THAT(pair.at_client.closes()[0], Catch::Contains("1001 bytes") && Catch::Contains("limit of 1000"));
  }
  SECTION("where they arrive") {
    Inbox at_server;
    Inbox at_client;
    Net net;
    auto server = net.make({.secret = "x", .max_message_bytes = 1'000});
    auto client = net.make({.secret = "x"});
    const auto connection = client->connect(server->listen(net.anyPort(), at_server.acceptor()), at_client.handlers());
    connection->send(patterned(1'000));
    connection->send(patterned(1'001));
    REQUIRE(at_server.waitForCloses(1));
    REQUIRE(at_client.waitForCloses(1));
    CHECK(at_server.messages().size() == 1);
    CHECK_THAT(at_server.closes()[0], Catch::Contains("1001 bytes") && Catch::Contains("limit of 1000"));
  }
}

template <typename Net>
void countsQueuedBytes() {
  std::mutex gate;
  Inbox at_server;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  const Endpoint address = server->listen(net.anyPort(), [&](const ConnectionPtr&) {
    Handlers handlers = at_server.handlers();
    handlers.onMessage = [&, record = handlers.onMessage](const ConnectionPtr& from, Bytes message) {
      { std::lock_guard wait(gate); }
      record(from, std::move(message));
    };
    return handlers;
  });
  const auto connection = client->connect(address, {});
  constexpr size_t kCount = 30;
  {
    // The peer takes nothing, and more is sent than socket buffers hold, so bytes stay queued.
    std::lock_guard closed(gate);
    for (size_t i = 0; i < kCount; ++i) connection->send(patterned(1 << 20));
    CHECK(connection->queuedBytes() > 1 << 20);
  }
  REQUIRE(at_server.waitForMessages(kCount));
  connection->close();
  REQUIRE(at_server.waitForCloses(1));
  CHECK(connection->queuedBytes() == 0);
}

template <typename Net>
void countsReceivedBytes() {
  Inbox at_server;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  std::promise<ConnectionPtr> accepted;
  const Endpoint address = server->listen(net.anyPort(), [&](const ConnectionPtr& connection) {
    accepted.set_value(connection);
    return at_server.handlers();
  });
  const auto connection = client->connect(address, {});
  const ConnectionPtr at_other_side = accepted.get_future().get();
  CHECK(at_other_side->receivedBytes() == 0);
  for (size_t i = 0; i < 3; ++i) connection->send(patterned(10'000));
  REQUIRE(at_server.waitForMessages(3));
  CHECK(at_other_side->receivedBytes() >= 30'000);
  CHECK(connection->receivedBytes() == 0);
}

template <typename Net>
void survivesThrowingHandlers() {
  Inbox at_client;
  Inbox at_server;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  const Endpoint address = server->listen(net.anyPort(), [&](const ConnectionPtr&) {
    Handlers handlers = at_server.handlers();
    handlers.onMessage = [](const ConnectionPtr&, const Bytes&) { throw Error("cannot read this message"); };
    return handlers;
  });
  client->connect(address, at_client.handlers())->send(Bytes("x"));
  REQUIRE(at_client.waitForCloses(1));
  REQUIRE(at_server.waitForCloses(1));
  CHECK(at_server.closes()[0] == "cannot read this message");
}

template <typename Net>
void forbidsConnectFromHandler() {
  Inbox outcome;
  Net net;
  auto server = net.make({.secret = "x"});
  auto client = net.make({.secret = "x"});
  Endpoint address;
  address = server->listen(net.anyPort(), [](const ConnectionPtr& accepted) {
    accepted->send(Bytes("now"));
    return Handlers{};
  });
  Handlers connecting = outcome.handlers();
  connecting.onMessage = [&](const ConnectionPtr&, const Bytes&) { client->connect(address, {}); };
  client->connect(address, connecting);
  REQUIRE(outcome.waitForCloses(1));
  CHECK_THAT(outcome.closes()[0], Catch::Contains("called from a handler"));
}

}  // namespace cerium::rpc::contract
