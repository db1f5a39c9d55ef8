// Cerium. Licensed under the Apache License 2.0.
// Flipped bits on the network and on disks, failing disks, and doubled messages, with real processes: the answer is
// right. This program defines sendmsg, pwrite and pread, which its driver and executors use instead of the system's;
// the fault is named in the environment, which executors inherit.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/protocol/messages.h"
#include "base/rpc/tcp/frame_header.h"
#include "base/util/error.h"
#include "tests/support/each_master.h"
#include "tests/support/processes.h"

// Sanitizers define these functions themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CERIUM_TEST_FAULTS 0
#else
#define CERIUM_TEST_FAULTS 1
#endif

#if CERIUM_TEST_FAULTS

namespace cerium {
namespace {

constexpr const char* kVariable = "CERIUM_TEST_FAULT";

/// For kFull: no space is left below a folder of this name.
constexpr const char* kFullFolder = "/full/";

/// A fault of a process: `kind` happens to one of `every` calls that move at least `min_bytes`, at most `limit` times.
/// Each time a byte is added to the file `noted`.
struct Fault {
  enum Kind : int { kNone, kFlipSent, kFlipWritten, kFailWrite, kFailRead, kShortWrite, kFull, kDouble };
  int kind = kNone;
  int every = 1;
  int min_bytes = 1;
  int limit = 1 << 30;
  bool in_executors = true;  ///< Otherwise in the driver.
  std::string noted = {};

  [[nodiscard]] std::string str() const {
    return std::to_string(kind) + " " + std::to_string(every) + " " + std::to_string(min_bytes) + " " +
           std::to_string(limit) + " " + std::to_string(in_executors ? 1 : 0) + " " + noted;
  }
};

/// The fault of this process. Without locks or allocation, because system calls use it.
struct Injector {
  Fault::Kind kind = Fault::kNone;
  int every = 1;
  int min_bytes = 1;
  int limit = 0;
  int note = -1;
  std::atomic<int> calls{0};
  std::atomic<int> faults{0};

  Injector() {
    const char* text = std::getenv(kVariable);
    const bool is_executor = std::getenv("CERIUM_EXECUTOR_OF") != nullptr;
    int wanted = 0;
    int in_executors = 0;
    char path[512] = "";
    if (text == nullptr ||
        std::sscanf(text, "%d %d %d %d %d %511s", &wanted, &every, &min_bytes, &limit, &in_executors, path) != 6 ||
        is_executor != (in_executors != 0))
      return;
    kind = static_cast<Fault::Kind>(wanted);
    note = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  bool hits(Fault::Kind what, size_t bytes) {
    if (kind != what || bytes < static_cast<size_t>(min_bytes)) return false;
    if (calls++ % every != every - 1 || faults++ >= limit) return false;
    (void)!::write(note, "x", 1);
    return true;
  }
};

Injector* g_injector = nullptr;  // never freed, because any thread may use it

/// Before main, and before the executor removes variables from its environment.
__attribute__((constructor(101))) void readFault() { g_injector = new Injector(); }

Injector& injector() { return *g_injector; }

template <class F>
F* systems(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

/// Whether kFull holds for a file in its folder; the file may have no name any more.
bool isFull(int fd, size_t size) {
  if (injector().kind != Fault::kFull) return false;
  char path[512] = "";
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (::readlink(link.c_str(), path, sizeof path - 1) < 0 || std::strstr(path, kFullFolder) == nullptr) return false;
  if (!injector().hits(Fault::kFull, size)) return false;
  errno = ENOSPC;
  return true;
}

ssize_t faultyWrite(int fd, const void* bytes, size_t size, off_t at) {
  static auto* const real = systems<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  if (isFull(fd, size)) return -1;
  if (injector().hits(Fault::kFailWrite, size)) {
    errno = EIO;
    return -1;
  }
  if (injector().hits(Fault::kShortWrite, size)) return real(fd, bytes, size / 2 + 1, at);
  if (!injector().hits(Fault::kFlipWritten, size)) return real(fd, bytes, size, at);
  std::string changed(static_cast<const char*>(bytes), size);
  changed[size / 2] = static_cast<char>(changed[size / 2] ^ 4);
  return real(fd, changed.data(), size, at);
}

ssize_t faultyRead(int fd, void* bytes, size_t size, off_t at) {
  static auto* const real = systems<ssize_t(int, void*, size_t, off_t)>("pread");
  if (!injector().hits(Fault::kFailRead, size)) return real(fd, bytes, size, at);
  errno = EIO;
  return -1;
}

/// A copy of the messages in `frames` that may come at any time; empty if `frames` are not whole frames.
std::string latecomers(std::string_view frames) {
  std::string again;
  while (!frames.empty()) {
    if (frames.size() < rpc::FrameHeader::kBytes) return {};
    const uint64_t length = rpc::FrameHeader::decode(frames.data()).length;
    const std::string_view frame = frames.substr(0, rpc::FrameHeader::kBytes + length);
    if (frame.size() != rpc::FrameHeader::kBytes + length) return {};
    frames.remove_prefix(frame.size());
    const auto message = protocol::decode(Bytes(frame.substr(rpc::FrameHeader::kBytes)));
    const bool is_greeting =
        std::holds_alternative<protocol::Hello>(message) || std::holds_alternative<protocol::Welcome>(message);
    const bool is_block = std::holds_alternative<protocol::OpenBlocks>(message) ||
                          std::holds_alternative<protocol::MoreBlocks>(message) ||
                          std::holds_alternative<protocol::BlockPiece>(message);
    if (!is_greeting && !is_block) again += frame;
  }
  return again;
}

/// The message with its latecomers at the end.
std::string withLatecomers(const msghdr* message) {
  std::string all;
  for (size_t i = 0; i < message->msg_iovlen; ++i)
    all.append(static_cast<const char*>(message->msg_iov[i].iov_base), message->msg_iov[i].iov_len);
  try {
    const std::string again = latecomers(all);
    return again.empty() ? again : all + again;
  } catch (const CorruptData&) {  // a part of a frame, a handshake, or a message of another set
    return {};
  }
}

void sendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return;  // the connection has broken, as the next call reports
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    pollfd room{fd, POLLOUT, 0};
    if (n < 0) (void)::poll(&room, 1, 1000);
  }
}

ssize_t faultySend(int fd, const msghdr* message, int flags) {
  static auto* const real = systems<ssize_t(int, const msghdr*, int)>("sendmsg");
  size_t size = 0;
  for (size_t i = 0; i < message->msg_iovlen; ++i) size += message->msg_iov[i].iov_len;
  if (injector().kind == Fault::kDouble) {
    const std::string doubled = withLatecomers(message);
    if (doubled.empty() || !injector().hits(Fault::kDouble, size)) return real(fd, message, flags);
    sendAll(fd, doubled);
    return static_cast<ssize_t>(size);
  }
  if (!injector().hits(Fault::kFlipSent, size)) return real(fd, message, flags);
  std::vector<iovec> parts(message->msg_iov, message->msg_iov + message->msg_iovlen);
  iovec* longest = &parts[0];
  for (iovec& part : parts) longest = part.iov_len > longest->iov_len ? &part : longest;
  std::string changed(static_cast<const char*>(longest->iov_base), longest->iov_len);
  const size_t place = changed.size() / 2;
  changed[place] = static_cast<char>(changed[place] ^ 4);
  longest->iov_base = changed.data();
  msghdr other = *message;
  other.msg_iov = parts.data();
  return real(fd, &other, flags);
}

}  // namespace
}  // namespace cerium

extern "C" {
ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* const real = cerium::systems<ssize_t(int, const void*, size_t)>("write");
  return cerium::isFull(fd, size) ? -1 : real(fd, bytes, size);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags) { return cerium::faultySend(fd, message, flags); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) { return cerium::faultyWrite(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  return cerium::faultyWrite(fd, bytes, size, at);
}
ssize_t pread(int fd, void* bytes, size_t size, off_t at) { return cerium::faultyRead(fd, bytes, size, at); }
ssize_t pread64(int fd, void* bytes, size_t size, off64_t at) { return cerium::faultyRead(fd, bytes, size, at); }
}

namespace cerium {
namespace {

using namespace testing;

/// The fault happens in processes that start while this lives.
class Faulty {
 public:
  Faulty(Fault fault, const TempFolder& folder) {
    fault.noted = noted_ = folder / "noted";
    ::setenv(kVariable, fault.str().c_str(), 1);
    g_injector = new Injector();
  }
  ~Faulty() {
    ::unsetenv(kVariable);
    g_injector = new Injector();
  }
  /// How often it happened.
  [[nodiscard]] size_t count() const {
    std::error_code none_yet;
    const auto bytes = std::filesystem::file_size(noted_, none_yet);
    return none_yet ? 0 : bytes;
  }

 private:
  std::string noted_;
};

constexpr int64_t kRows = 60'000;

/// Runs a join whose rows are known, over spilled data if memory is short, and checks it.
bool joinIsRight(Context& sc) {
  const auto text = [](int64_t x) {
    return std::string(static_cast<size_t>(20 + x % 7), static_cast<char>('a' + x % 26));
  };
  auto left = sc.range(0, kRows, 1, 6).map([](int64_t x) { return std::pair<int64_t, int64_t>(x, 3 * x); });
  auto right = sc.range(0, kRows, 1, 6).map([text](int64_t x) { return std::pair<int64_t, std::string>(x, text(x)); });
  const auto wrong = left.join(right, 6).filter(
      [text](const auto& row) { return row.second.first != 3 * row.first || row.second.second != text(row.first); });
  auto rows = left.join(right, 6);
  return wrong.count() == 0 && rows.count() == kRows;
}

bool countsAreRight(Context& sc) {
  const auto counts = sc.range(0, kRows, 1, 6)
                          .map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 10'000, x); })
                          .reduceByKey(std::plus<>(), 6)
                          .collect();
  if (counts.size() != 10'000) return false;
  for (const auto& [key, sum] : counts) {
    // key, key + 10,000, ..., key + 50,000
    if (sum != 6 * key + 150'000) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("bits that flip between executors, and between them and the driver, never change the answer",
          "[cluster][fault]") {
  const Fault fault = GENERATE(Fault{.kind = Fault::kFlipSent, .every = 3, .min_bytes = 10'000},
                               Fault{.kind = Fault::kFlipSent, .every = 25},
                               Fault{.kind = Fault::kFlipSent, .every = 25, .limit = 3, .in_executors = false});
  TempFolder folder;
  const Faulty faulty(fault, folder);
  INFO("fault " << fault.str());
  Context sc(clusterConf("local-cluster[2,1,512m]", folder));
  CHECK(joinIsRight(sc));
  CHECK(countsAreRight(sc));
  CHECK(faulty.count() > 0);
}

TEST_CASE("messages that come twice, the second time after later ones, change nothing", "[cluster][fault]") {
  const bool in_executors = GENERATE(true, false);
  TempFolder folder;
  const Faulty faulty({.kind = Fault::kDouble, .every = 2, .in_executors = in_executors}, folder);
  INFO("messages of the " << (in_executors ? "executors" : "driver"));
  Context sc(clusterConf("local-cluster[2,2,256m]", folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  auto added = sc.longAccumulator("added");
  auto cached = sc.range(0, kRows, 1, 6).map([added](int64_t x) {
    added += 1;
    return x;
  });
  cached.cache();
  for (int round = 0; round < 5; ++round) {
    CHECK(cached.sum() == kRows * (kRows - 1) / 2);
    CHECK(countsAreRight(sc));
    auto cancelled = sc.range(0, 4, 1, 4)
                         .map([](int64_t x) {
                           while (!TaskContext::get()->isInterrupted()) ::usleep(1000);
                           return x;
                         })
                         .countAsync();
    cancelled.cancel();
    CHECK_THROWS_AS(cancelled.get(), JobFailed);
  }
  CHECK(joinIsRight(sc));
  CHECK(added.value() == kRows);
  CHECK(faulty.count() > 10);
  CHECK(recorder->removed().empty());
}

TEST_CASE("damage and errors of a disk never change the answer", "[cluster][fault]") {
  const auto kind = GENERATE(Fault::kFlipWritten, Fault::kFailWrite, Fault::kFailRead, Fault::kShortWrite);
  TempFolder folder;
  const Faulty faulty({.kind = kind, .every = 5, .limit = 3}, folder);
  INFO("fault " << kind);
  Context sc(clusterConf("local-cluster[2,1,2m]", folder));
  CHECK(joinIsRight(sc));
  CHECK(countsAreRight(sc));
  CHECK(faulty.count() > 0);
}

TEST_CASE("of two folders for spilled data one may be full", "[cluster][fault]") {
  TempFolder folder;
  for (const char* name : {"full", "other"}) std::filesystem::create_directory(folder / name);
  const Faulty faulty({.kind = Fault::kFull}, folder);
  Context sc(clusterConf("local-cluster[2,1,2m]", folder)
                 .set("cerium.local.dir", folder / "full" + "," + folder / "other")
                 .set("cerium.task.maxFailures", "1"));
  CHECK(joinIsRight(sc));
  CHECK(countsAreRight(sc));
  CHECK(faulty.count() > 0);
}

TEST_CASE("a disk that is full for a while costs a job that saves its records another try", "[cluster][fault]") {
  TempFolder folder;
  std::filesystem::create_directory(folder / "full");
  const Faulty faulty({.kind = Fault::kFull, .limit = 2}, folder);
  Context sc(clusterConf("local-cluster[2,1,256m]", folder));
  const std::string out = folder / "full/out";
  sc.range(0, kRows, 1, 6).saveAsTextFile(out);
  CHECK(faulty.count() > 0);
  const auto lines = sc.textFile(out).map([](const std::string& line) { return std::stoll(line); }).collect();
  REQUIRE(lines.size() == kRows);
  for (int64_t i = 0; i < kRows; ++i) REQUIRE(lines[static_cast<size_t>(i)] == i);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(out)) names.insert(entry.path().filename());
  CHECK(names.size() == 7);  // six parts and the mark that they are whole
}

TEST_CASE("a cached block that went bad on the disk is computed again, wherever it is read", "[cluster][fault]") {
  const char* master = GENERATE("local[1]", "local-cluster[1,1,64m]", "local-cluster[2,1,64m]");
  TempFolder folder;
  const Faulty faulty({.kind = Fault::kFlipWritten,
                       .every = 2,
                       .min_bytes = 100,
                       .limit = 1,
                       .in_executors = std::string_view(master) != "local[1]"},
                      folder);
  INFO("master " << master);
  Context sc(clusterConf(master, folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  auto numbers = sc.range(0, 80'000, 1, 8).map([](int64_t x) { return 2 * x; });
  numbers.persist(DISK_ONLY);
  CHECK(numbers.count() == 80'000);
  REQUIRE(faulty.count() > 0);
  for (int again = 0; again < 3; ++again) CHECK(numbers.sum() == 6'399'920'000);
  CHECK(recorder->removed().empty());
}

}  // namespace cerium

#endif
