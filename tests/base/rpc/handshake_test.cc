// Cerium. Licensed under the Apache License 2.0.
// The handshake as a pure machine: what it accepts and refuses, and how early.
#include "base/rpc/handshake.h"

#include <catch2/catch.hpp>
#include <optional>

namespace cerium::rpc {

namespace {

using State = Handshake::State;

/// Passes bytes between the sides until both have none, in pieces of `piece` bytes.
void talk(Handshake& a, Handshake& b, size_t piece = 1'000) {
  for (;;) {
    const Bytes from_a = a.takeOutput();
    const Bytes from_b = b.takeOutput();
    if (from_a.empty() && from_b.empty()) return;
    for (size_t i = 0; i < from_a.size(); i += piece) b.consume(from_a.view().substr(i, piece));
    for (size_t i = 0; i < from_b.size(); i += piece) a.consume(from_b.view().substr(i, piece));
  }
}

}  // namespace

TEST_CASE("two sides with one secret pass the handshake, however the bytes are cut", "[rpc]") {
  const size_t piece = GENERATE(1, 7, 32, 1'000);
  const std::string secret = GENERATE("", "s3cret");
  Handshake connector(Role::kConnector, secret);
  Handshake acceptor(Role::kAcceptor, secret);
  talk(connector, acceptor, piece);
  CHECK(connector.state() == State::kDone);
  CHECK(acceptor.state() == State::kDone);
}

TEST_CASE("both sides of a handshake fail when their secrets differ", "[rpc]") {
  Handshake connector(Role::kConnector, "one");
  Handshake acceptor(Role::kAcceptor, "two");
  talk(connector, acceptor);
  CHECK(connector.state() == State::kFailed);
  CHECK(acceptor.state() == State::kFailed);
  CHECK_THAT(connector.reason(), Catch::Contains("wrong secret"));
  CHECK_THAT(acceptor.reason(), Catch::Contains("wrong secret"));
}

TEST_CASE("different protocol versions are refused and both are named on both sides", "[rpc]") {
  Handshake connector(Role::kConnector, "x", 7);
  Handshake acceptor(Role::kAcceptor, "x", 300);
  talk(connector, acceptor);
  CHECK(connector.state() == State::kFailed);
  CHECK(acceptor.state() == State::kFailed);
  for (const std::string& reason : {connector.reason(), acceptor.reason()})
    CHECK_THAT(reason, Catch::Contains("version 7") && Catch::Contains("version 300"));
}

TEST_CASE("a peer that does not speak Cerium fails the handshake with its first wrong byte", "[rpc]") {
  const Role role = GENERATE(Role::kConnector, Role::kAcceptor);
  for (const std::string_view garbage : {std::string_view("GET / HTTP/1.1\r\n"), std::string_view("SSH-2.0"),
                                         std::string_view("\0\0\0\0\0\0\0\0", 8), std::string_view("CERIUX")}) {
    Handshake handshake(role, "x");
    (void)handshake.takeOutput();
    handshake.consume(garbage);
    CHECK(handshake.state() == State::kFailed);
    CHECK_THAT(handshake.reason(), Catch::Contains("not a Cerium port"));
    CHECK(handshake.takeOutput().empty());
  }
}

TEST_CASE("a connector that hears its own bytes is not fooled", "[rpc]") {
  Handshake connector(Role::kConnector, "x");
  connector.consume(connector.takeOutput().view());
  CHECK(connector.state() == State::kFailed);
}

TEST_CASE("an acceptor's proof is of no use to pass as a connector", "[rpc]") {
  // The attacker does not know the secret. It opens a second connection, so that the victim answers its own challenge.
  Handshake victim(Role::kAcceptor, "x");
  const std::string prefix{'C', 'E', 'R', 'I', 'U', 'M', static_cast<char>(kProtocolVersion), '\0'};
  victim.consume(prefix + std::string(32, 'a'));
  const Bytes greeting = victim.takeOutput();
  Handshake other(Role::kAcceptor, "x");
  other.consume(greeting.view());
  const Bytes answer = other.takeOutput();
  victim.consume(answer.view().substr(answer.size() - 32));
  CHECK(victim.state() == State::kFailed);
  CHECK(victim.takeOutput().view() == "n");
}

TEST_CASE("a connector refuses an acceptor that cannot prove the secret", "[rpc]") {
  Handshake connector(Role::kConnector, "x");
  Handshake impostor(Role::kAcceptor, "y");
  impostor.consume(connector.takeOutput().view());
  connector.consume(impostor.takeOutput().view());
  const Bytes proof = connector.takeOutput();
  REQUIRE(proof.size() == 32);
  SECTION("with bytes of its own") { connector.consume("y" + std::string(32, 'z')); }
  SECTION("with the connector's proof sent back") { connector.consume("y" + std::string(proof.view())); }
  CHECK(connector.state() == State::kFailed);
  CHECK_THAT(connector.reason(), Catch::Contains("wrong secret"));
}

TEST_CASE("bytes behind the handshake are left for the first messages", "[rpc]") {
  Handshake connector(Role::kConnector, "x");
  Handshake acceptor(Role::kAcceptor, "x");
  acceptor.consume(connector.takeOutput().view());
  connector.consume(acceptor.takeOutput().view());
  acceptor.consume(connector.takeOutput().view());
  const std::string last = std::string(acceptor.takeOutput().view()) + "message";
  CHECK(connector.consume(last) == last.size() - 7);
  CHECK(connector.state() == State::kDone);
  CHECK(connector.consume("more") == 0);
}

TEST_CASE("a peer that closes during the handshake fails it", "[rpc]") {
  Handshake connector(Role::kConnector, "x");
  SECTION("before its greeting") {
    connector.peerClosed();
    CHECK_THAT(connector.reason(), Catch::Contains("not a Cerium port"));
  }
  SECTION("in the middle") {
    connector.consume("CERIUM\1");
    connector.peerClosed();
    CHECK_THAT(connector.reason(), Catch::Contains("during the handshake"));
  }
  CHECK(connector.state() == State::kFailed);
}

}  // namespace cerium::rpc
