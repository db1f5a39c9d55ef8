// Cerium. Licensed under the Apache License 2.0.
#include "rdd/closure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string_view>
#include <vector>

#include "base/util/mutex.h"

namespace cerium {
namespace {

struct Mapping {
  uintptr_t begin;
  uintptr_t end;
  std::string what;
};

// Far more than a program's memory, far less than what the sanitizers reserve for themselves, which lies where two
// small numbers side by side would point to.
constexpr uintptr_t kReservedBytes = uintptr_t{1} << 40;

/// The mappings of this process that hold something of the program's: without the kernel's own pages, and without
/// addresses that are only reserved.
std::vector<Mapping> mappings() {
  std::vector<Mapping> found;
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  if (maps == nullptr) return found;
  char* line = nullptr;
  size_t capacity = 0;
  while (getline(&line, &capacity, maps) > 0) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char access[8] = {};
    int name_at = 0;
    if (std::sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &begin, &end, access, &name_at) < 3) continue;
    std::string name = name_at > 0 ? std::string(line + name_at) : std::string();
    while (!name.empty() && (name.back() == '\n' || name.back() == ' ')) name.pop_back();
    if (name.starts_with("[v")) continue;  // vdso, vvar, vsyscall
    const bool is_reserved = std::string_view(access).starts_with("---") || end - begin >= kReservedBytes;
    if (is_reserved && name.empty()) continue;
    std::string what = access[2] == 'x'    ? "code"
                       : name == "[stack]" ? "the stack"
                       : name.empty()      ? "the heap or a thread's stack"
                       : name == "[heap]"  ? "the heap"
                                           : "static data";
    found.push_back({begin, end, what});
  }
  std::free(line);
  std::fclose(maps);
  return found;
}

}  // namespace

void checkCaptures(const CallSite& site, const void* captures, size_t size) {
  const size_t words = size / sizeof(uintptr_t);
  if (words == 0) return;
  const auto mapped = mappings();
  for (size_t i = 0; i < words; ++i) {
    uintptr_t word;
    std::memcpy(&word, static_cast<const char*>(captures) + i * sizeof word, sizeof word);
    for (const Mapping& mapping : mapped) {
      if (word < mapping.begin || word >= mapping.end) continue;
      throw InvalidArgument(fmt::format(
          "{}: the function captures a pointer or a reference ({:#x}, {} of this process), which means nothing in an "
          "executor. Capture by value, or pass the value after the function. (If it is only a number that looks like "
          "an "
          "address, set cerium.closure.checkCaptures=false.)",
          site.str(), word, mapping.what));
    }
  }
}

namespace closure {
namespace {
thread_local const CallSite* t_throw_site = nullptr;

/// Keeps the text for the life of the process: one text for each call site of the program.
const char* intern(std::string_view text) {
  static Mutex mutex;
  static auto* texts CERIUM_PT_GUARDED_BY(mutex) = new std::set<std::string, std::less<>>();
  MutexLock lock(mutex);
  auto found = texts->find(text);
  if (found == texts->end()) found = texts->emplace(text).first;
  return found->c_str();
}
}  // namespace

void noteThrow(const CallSite& site) noexcept {
  static thread_local CallSite noted;
  if (t_throw_site != nullptr) return;
  noted = site;
  t_throw_site = &noted;
}

const CallSite* takeThrowSite() noexcept { return std::exchange(t_throw_site, nullptr); }

void encodeSite(Writer& out, const CallSite& site) {
  out.text(site.operation);
  out.text(site.file);
  out.varint(site.line);
}

CallSite decodeSite(Reader& in) {
  const char* operation = intern(in.text());
  const char* file = intern(in.text());
  return {operation, file, static_cast<uint32_t>(in.varint())};
}

}  // namespace closure
}  // namespace cerium
