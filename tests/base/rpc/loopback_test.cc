// Cerium. Licensed under the Apache License 2.0.
// The faults that only the loopback network has.
#include "base/rpc/loopback/loopback.h"

#include <catch2/catch.hpp>

#include "tests/base/rpc/inbox.h"

namespace cerium::rpc {

namespace {

using std::chrono::milliseconds;

/// `server` listens on "server:1"; `client` listens on "client:1" and is connected to it.
struct TwoNodes {
  Inbox at_server;
  Inbox at_client;
  std::shared_ptr<LoopbackNetwork> network = std::make_shared<LoopbackNetwork>();
  std::unique_ptr<Transport> server = makeLoopbackTransport(network, {.secret = "x"});
  std::unique_ptr<Transport> client = makeLoopbackTransport(network, {.secret = "x"});
  Endpoint address = server->listen({"server", 1}, at_server.acceptor());
  Endpoint client_address = client->listen({"client", 1}, [](const ConnectionPtr&) { return Handlers{}; });
  ConnectionPtr connection = client->connect(address, at_client.handlers());
};

}  // namespace

TEST_CASE("a transport that listens is known by its endpoint on the connections it opens", "[rpc]") {
  TwoNodes net;
  const ConnectionPtr far = net.at_server.waitForAccepted();
  REQUIRE(far);
  CHECK(far->peer() == "client:1");
  CHECK(net.connection->peer() == "server:1");
}

TEST_CASE("a rule can lose and double single messages", "[rpc]") {
  TwoNodes net;
  net.network->setRule([](const LoopbackMessage& message) {
    return LoopbackFate{.copies = message.number == 1 ? 0 : message.body.view() == "twice" ? 2 : 1};
  });
  for (const char* text : {"a", "lost", "twice", "b"}) net.connection->send(Bytes(text));
  net.network->setRule({});
  net.connection->send(Bytes("end"));
  REQUIRE(net.at_server.waitForMessages(5));
  CHECK(net.at_server.messages() == std::vector<std::string>{"a", "twice", "twice", "b", "end"});
}

TEST_CASE("a rule sees where a message comes from and goes to", "[rpc]") {
  TwoNodes net;
  const ConnectionPtr far = net.at_server.waitForAccepted();
  REQUIRE(far);
  net.network->setRule([](const LoopbackMessage& message) {
    return LoopbackFate{.copies = message.from == "server:1" && message.to == "client:1" ? 0 : 1};
  });
  far->send(Bytes("lost"));
  net.connection->send(Bytes("passes"));
  REQUIRE(net.at_server.waitForMessages(1));
  far->close();
  REQUIRE(net.at_client.waitForCloses(1));
  CHECK(net.at_client.messages().empty());
}

TEST_CASE("a delayed message is late and keeps its place", "[rpc]") {
  TwoNodes net;
  net.network->setRule(
      [](const LoopbackMessage& message) { return LoopbackFate{.delay = milliseconds(message.number == 0 ? 50 : 0)}; });
  const auto before = std::chrono::steady_clock::now();
  net.connection->send(Bytes("slow"));
  net.connection->send(Bytes("quick"));
  REQUIRE(net.at_server.waitForMessages(2));
  CHECK(std::chrono::steady_clock::now() - before >= milliseconds(50));
  CHECK(net.at_server.messages() == std::vector<std::string>{"slow", "quick"});
}

TEST_CASE("a connection is freed with its transports though a partition holds its messages back", "[rpc]") {
  std::weak_ptr<Connection> near;
  {
    TwoNodes net;
    near = net.connection;
    net.network->partition("server:1");
    net.connection->send(Bytes("held back"));
  }
  CHECK(near.expired());
}

TEST_CASE("cutting two transports resets their connections, and they can connect again", "[rpc]") {
  TwoNodes net;
  REQUIRE(net.at_server.waitForAccepted());
  net.network->cut("client:1", "server:1");
  REQUIRE(net.at_client.waitForCloses(1));
  REQUIRE(net.at_server.waitForCloses(1));
  CHECK(net.at_client.closes()[0] == "connection reset by peer");
  CHECK(net.at_server.closes()[0] == "connection reset by peer");
  net.client->connect(net.address, {})->send(Bytes("again"));
  CHECK(net.at_server.waitForMessages(1));
}

TEST_CASE("cutting others leaves a connection alone", "[rpc]") {
  TwoNodes net;
  net.network->cut("client:1", "elsewhere:1");
  net.connection->send(Bytes("still here"));
  REQUIRE(net.at_server.waitForMessages(1));
  CHECK(net.at_server.closes().empty());
}

TEST_CASE("a partition holds messages back and healing delivers them in order", "[rpc]") {
  TwoNodes net;
  net.network->partition("server:1");
  net.connection->send(Bytes("1"));
  net.connection->send(Bytes("2"));
  CHECK(net.connection->queuedBytes() > 0);
  CHECK_THAT(connectFailure(*net.client, net.address, 20), Catch::Contains("timed out"));
  CHECK(net.at_server.messages().empty());
  net.network->heal("server:1");
  net.connection->send(Bytes("3"));
  REQUIRE(net.at_server.waitForMessages(3));
  CHECK(net.at_server.messages() == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("connecting to the other side of a partition ends when it is told to", "[rpc]") {
  TwoNodes net;
  net.network->partition("server:1");
  int asked = 0;
  const auto stop = [&] { return std::string(++asked < 3 ? "" : "the caller has given up"); };
  CHECK_THAT(connectFailure(*net.client, net.address, 600'000, stop), Catch::Contains("the caller has given up"));
  CHECK(asked == 3);
}

TEST_CASE("a close during a partition reaches the other side when it is healed", "[rpc]") {
  TwoNodes net;
  REQUIRE(net.at_server.waitForAccepted());
  net.network->partition("client:1");
  SECTION("of the connection") { net.connection->close(); }
  SECTION("of the whole transport") { net.client.reset(); }
  REQUIRE(net.at_client.waitForCloses(1));
  CHECK(net.at_server.closes().empty());
  net.network->heal("client:1");
  REQUIRE(net.at_server.waitForCloses(1));
  CHECK(net.at_server.closes()[0] == "closed by peer");
}

}  // namespace cerium::rpc
