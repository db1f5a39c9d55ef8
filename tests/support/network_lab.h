// Cerium. Licensed under the Apache License 2.0.
// A test's own network: each machine is a network namespace with a cable to one switch. Machine 0 is the test's thread
// and has the switch. Tests pull cables and drop packets in one direction, which no signal to a process can do. A
// process that is started on a machine stays there.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/util/descriptor.h"

namespace cerium::testing {

class NetworkLab {
 public:
  /// Throws std::runtime_error if the system does not allow it; see whyNot().
  explicit NetworkLab(int machines) {
    spaces_.push_back(here());
    if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error(std::string("unshare: ") + std::strerror(errno));
    spaces_.push_back(here());
    ip("link set lo up");
    ip("link add switch type bridge");
    ip("link set switch up");
    ip(fmt::format("address add {}/24 dev switch", address(0)));
    for (int i = 1; i <= machines; ++i) addMachine(i);
  }
  /// Returns the thread to its own network. A machine disappears with its last process.
  ~NetworkLab() { (void)::setns(spaces_.front().get(), CLONE_NEWNET); }
  NetworkLab(const NetworkLab&) = delete;
  NetworkLab& operator=(const NetworkLab&) = delete;

  /// The reason why there can be no lab here; empty if there can.
  static std::string whyNot() {
    std::string reason;
    std::thread([&reason] {
      try {
        NetworkLab lab(1);
      } catch (const std::runtime_error& e) {
        reason = std::string("no network of its own for this test (it takes CAP_NET_ADMIN, CAP_SYS_ADMIN and ip): ") +
                 e.what();
      }
    }).join();
    return reason;
  }

  [[nodiscard]] static std::string address(int machine) { return fmt::format("10.77.0.{}", machine + 1); }

  /// Calls `f` with this thread on the machine; processes that it starts stay there.
  template <class F>
  auto on(int machine, F f) {
    const Visit visit(*this, machine);
    return f();
  }

  /// Cuts the machine off without telling any process.
  void pullCable(int machine) { ip(fmt::format("link set cable{} down", machine)); }
  void plugIn(int machine) { ip(fmt::format("link set cable{} up", machine)); }
  /// Drops packets from `from` to `to`: they are addressed to a network card that does not exist.
  void lose(int from, int to) {
    on(from, [&] {
      ip(fmt::format("neighbour replace {} lladdr 02:00:00:00:00:99 dev {} nud permanent", address(to), card(from)));
    });
  }
  void find(int from, int to) {
    on(from, [&] { ip(fmt::format("neighbour delete {} dev {}", address(to), card(from))); });
  }

 private:
  class Visit {
   public:
    Visit(NetworkLab& lab, int machine) : lab_(lab) { lab_.enter(machine); }
    ~Visit() { lab_.enter(0); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    NetworkLab& lab_;
  };

  static Descriptor here() { return Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }
  static std::string card(int machine) { return machine == 0 ? "switch" : "card"; }
  void enter(int machine) { (void)::setns(spaces_.at(static_cast<size_t>(machine) + 1).get(), CLONE_NEWNET); }

  void addMachine(int machine) {
    if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error(std::string("unshare: ") + std::strerror(errno));
    spaces_.push_back(here());
    enter(0);
    const std::string space = fmt::format("/proc/{}/fd/{}", ::getpid(), spaces_.back().get());
    ip(fmt::format("link add cable{} type veth peer name card netns {}", machine, space));
    ip(fmt::format("link set cable{} up master switch", machine));
    on(machine, [&] {
      ip("link set lo up");
      ip(fmt::format("address add {}/24 dev card", address(machine)));
      ip("link set card up");
    });
  }

  /// Runs `ip` on the machine of this thread.
  static void ip(const std::string& words) {
    std::vector<std::string> arguments{"ip"};
    for (size_t begin = 0; begin != std::string::npos;) {
      const size_t end = words.find(' ', begin);
      arguments.push_back(words.substr(begin, end - begin));
      begin = end == std::string::npos ? end : end + 1;
    }
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t pid = -1;
    int status = ::posix_spawnp(&pid, "ip", nullptr, nullptr, pointers.data(), environ);
    if (status == 0) ::waitpid(pid, &status, 0);
    if (status != 0) throw std::runtime_error("cannot do: ip " + words);
  }

  std::vector<Descriptor> spaces_;  ///< The thread's own network first, then each machine's.
};

}  // namespace cerium::testing
