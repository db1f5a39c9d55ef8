// Cerium. Licensed under the Apache License 2.0.
// Every kind of message at every port of a standalone cluster, with no secret, a wrong one and the right one.
// port_table.h says which messages the right secret allows. The cluster and its jobs are not affected.
#include <catch2/catch.hpp>

#include "base/rpc/secrets.h"
#include "rdd/entry_table.h"
#include "tests/support/any_message.h"
#include "tests/support/knocker.h"
#include "tests/support/port_table.h"
#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;
namespace p = cerium::protocol;

/// A frame of each kind of both sets, empty and with every field filled, and the ports that take it.
struct Sample {
  std::string name;
  unsigned taken_at = 0;
  Bytes message;
};

template <class Set>
Bytes encodeAny(const Set& message) {
  if constexpr (std::is_same_v<Set, p::ClusterMessage>) {
    return p::encodeCluster(message);
  } else {
    return p::encode(message);
  }
}

template <class Set>
void addSamples(std::vector<Sample>& samples, testing::Random& random) {
  auto filled = oneOfEach<Set>(random);
  for (Set& message : filled) {
    if (auto* open = std::get_if<p::OpenBlocks>([&]() -> p::Message* {
          if constexpr (std::is_same_v<Set, p::Message>) return &message;
          return nullptr;
        }())) {
      open->kind %= 4;  // only valid kinds
    }
    std::visit(
        [&]<class T>(const T&) {
          const std::string name = TakenAt<T>::kName;
          samples.push_back({name, TakenAt<T>::kPorts, encodeAny<Set>(T{})});
          samples.push_back({name + ", filled", TakenAt<T>::kPorts, encodeAny<Set>(message)});
        },
        message);
  }
}

std::vector<Sample> allSamples() {
  testing::Random random(17);
  std::vector<Sample> samples;
  addSamples<p::Message>(samples, random);
  addSamples<p::ClusterMessage>(samples, random);
  return samples;
}

struct Target {
  Port kind;
  const char* name;
  uint16_t port = 0;
  std::string secret;

  /// These ports disconnect every peer that does not begin with a registration.
  [[nodiscard]] bool answersNobody() const { return kind == kWorkerPort || kind == kDriverPort; }
  /// A question that the port answers.
  [[nodiscard]] Bytes probe() const {
    switch (kind) {
      case kDriverBlocks:
      case kExecutorBlocks:
        return p::encode(p::OpenBlocks{4711, p::OpenBlocks::kShuffle, 1'000'000, 0, {0}});
      case kDriverProgram:
      case kSubmitterPort:
        return p::encodeCluster(p::FetchFile{"probe", 0});
      default:
        return p::encodeCluster(p::AskDriver{"probe"});
    }
  }
  [[nodiscard]] bool isAnswer(const Bytes& frame) const {
    try {
      if (kind == kDriverBlocks || kind == kExecutorBlocks) {
        const auto message = p::decode(frame);
        const auto* piece = std::get_if<p::BlockPiece>(&message);
        return piece != nullptr && piece->request == 4711;
      }
      const auto message = p::decodeCluster(frame);
      const auto* status = std::get_if<p::DriverStatus>(&message);
      return std::holds_alternative<p::FilePiece>(message) || (status != nullptr && status->driver == "probe");
    } catch (const CorruptData&) {
      return false;
    }
  }
};

/// True if the port still listens after the message and answers a question.
bool isTaken(const Target& target, const Bytes& message) {
  Knocker peer(target.port);
  const std::string probe = target.answersNobody() ? "" : Knocker::frameOf(target.probe());
  if (!peer.shakeHands(target.secret, Knocker::frameOf(message) + probe))
    throw std::runtime_error(std::string("the right secret is refused at ") + target.name);
  if (target.answersNobody()) return !peer.isLetGo();
  while (auto answer = peer.next()) {
    if (target.isAnswer(*answer)) return true;
  }
  return false;
}

/// Which of the driver's ports this is: the first one speaks first, the second one serves the program.
Port kindOf(uint16_t port, const std::string& secret) {
  Knocker peer(port);
  if (!peer.shakeHands(secret, Knocker::frameOf(p::encodeCluster(p::FetchFile{"probe", 0})))) return kNowhere;
  const auto first = peer.next();
  if (!first) return kDriverBlocks;
  try {
    const auto message = p::decodeCluster(*first);
    if (std::holds_alternative<p::FilePiece>(message)) return kDriverProgram;
  } catch (const CorruptData&) {
  }
  return kDriverPort;
}

}  // namespace

TEST_CASE("every kind of message at every port, with no secret, a wrong one and the right one",
          "[cluster][standalone][security]") {
  StandaloneCluster cluster;
  const std::string cluster_secret = "the secret of this cluster";
  cluster.addWorker(1);
  Context sc(cluster.conf());
  auto counts = slowCounts(sc, 4, 1);
  REQUIRE(counts.count() == 100);
  Daemon submitter(cluster.folder(), "submit",
                   {"submit", "--master", cluster.url(), "--deploy-mode", "cluster", "--driver-cores", "1000", "--conf",
                    "cerium.authenticate.secretFile=" + cluster.secretFile(), "/bin/true"});
  REQUIRE(eventually([&] { return cluster.json().at("activedrivers").as_array().size() == 1; }));
  const auto json = cluster.json();
  const std::string driver_id(json.at("activedrivers").as_array()[0].at("id").as_string());

  std::vector<Target> targets{
      {kManagerPort, "the manager's port",
       static_cast<uint16_t>(std::stoi(cluster.url().substr(cluster.url().rfind(':') + 1))), cluster_secret},
      {kWorkerPort, "the worker's port", static_cast<uint16_t>(json.at("workers").as_array()[0].at("port").as_int64()),
       cluster_secret}};
  const std::string application_secret = rpc::deriveSecret(cluster_secret, "application " + sc.applicationId());
  for (int port : listeningPorts({::getpid()})) {
    const auto number = static_cast<uint16_t>(port);
    targets.push_back({kindOf(number, application_secret), "a driver's port", number, application_secret});
  }
  const auto executors = cluster.executors();
  REQUIRE(executors.size() == 1);
  for (int port : listeningPorts(executors))
    targets.push_back({kExecutorBlocks, "the executor's port", static_cast<uint16_t>(port), application_secret});
  for (int port : listeningPorts({submitter.pid()})) {
    targets.push_back({kSubmitterPort, "the submitter's port", static_cast<uint16_t>(port),
                       rpc::deriveSecret(cluster_secret, "driver " + driver_id)});
  }
  unsigned all = 0;
  for (const Target& target : targets) all |= target.kind;
  REQUIRE(all == 127);
  REQUIRE(targets.size() == 7);

  for (const Sample& sample : allSamples()) {
    for (const Target& target : targets) {
      INFO(sample.name << " at " << target.name << " (" << target.kind << ")");
      {
        Knocker stranger(target.port);
        REQUIRE(stranger.isConnected());
        stranger.sendFrame(sample.message);
        CHECK(stranger.isLetGo());
      }
      for (const std::string wrong : {"", "a wrong one"}) {
        Knocker stranger(target.port);
        CHECK_FALSE(stranger.shakeHands(wrong, Knocker::frameOf(sample.message)));
        CHECK(stranger.isLetGo());
      }
      CHECK(isTaken(target, sample.message) == ((sample.taken_at & target.kind) != 0));
    }
  }

  // A peer of another release of Cerium.
  for (const Target& target : targets) {
    Knocker other(target.port);
    CHECK_THAT(other.refusalOf(rpc::kProtocolVersion + 1, target.secret),
               Catch::Contains("version " + std::to_string(rpc::kProtocolVersion)) &&
                   Catch::Contains("version " + std::to_string(rpc::kProtocolVersion + 1)));
    CHECK(other.isLetGo());
  }
  // An executor of another build of the program.
  Knocker stale(
      std::find_if(targets.begin(), targets.end(), [](const Target& t) { return t.kind == kDriverPort; })->port);
  REQUIRE(
      stale.shakeHands(application_secret, Knocker::frameOf(p::encode(p::Hello{77, "an old build", "host", 1, 1, 1}))));
  std::string refusal;
  while (const auto frame = stale.next()) {
    const auto message = p::decode(*frame);
    if (const auto* shutdown = std::get_if<p::Shutdown>(&message)) refusal = shutdown->reason;
  }
  CHECK_THAT(refusal, Catch::Contains("an old build") && Catch::Contains(buildId()) && Catch::Contains("same binary"));

  // An application's secret is not valid for the cluster's ports, nor for another application's.
  for (const Target& target : {targets[0], targets[1]}) {
    Knocker application(target.port);
    CHECK_FALSE(application.shakeHands(application_secret, ""));
  }

  CHECK(counts.count() == 100);
  CHECK(cluster.executors() == executors);
  CHECK(sc.statusTracker().totals().failed_tasks == 0);
  const auto after = cluster.json();
  CHECK(after.at("aliveworkers").as_int64() == 1);
  CHECK(after.at("activeapps").as_array().size() == 1);
  CHECK(after.at("activedrivers").as_array().size() == 1);
  CHECK(after.at("completeddrivers").as_array().empty());
  CHECK(after.at("coresused") == json.at("coresused"));
}

}  // namespace cerium
