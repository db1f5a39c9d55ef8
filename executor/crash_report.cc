// Cerium. Licensed under the Apache License 2.0.
#include "executor/crash_report.h"

#include <elfutils/libdwfl.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <link.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/util/exception_text.h"
#include "executor/current_task.h"

namespace cerium {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};

int g_fd = -1;
uint64_t g_base = 0;
volatile sig_atomic_t g_reported = 0;

void report(int signal, int exit_status) {
  CrashRecord record;
  record.signal = signal;
  record.exit_status = exit_status;
  record.task = t_current_task;
  record.base = g_base;
  void* frames[CrashRecord::kMaxFrames];
  record.frames = ::backtrace(frames, CrashRecord::kMaxFrames);
  for (int i = 0; i < record.frames; ++i) record.stack[i] = reinterpret_cast<uint64_t>(frames[i]);
  leaveCrashRecord(record);
}

void onSignal(int signal) {
  report(signal, 0);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// Runs in exit(). Only an exit() called by a task is reported; then the process ends at once, without destructors of
/// objects that other threads still use.
void onExit(int status, void*) {
  if (t_current_task < 0) return;
  report(0, status);
  ::_exit(status);
}

/// Symbols of this program, which is also the program that died.
class Symbols {
 public:
  Symbols() {
    static char* debug_path = nullptr;
    static const Dwfl_Callbacks callbacks = {dwfl_build_id_find_elf, dwfl_standard_find_debuginfo,
                                             dwfl_offline_section_address, &debug_path};
    dwfl_ = dwfl_begin(&callbacks);
    if (dwfl_ == nullptr) return;
    dwfl_report_begin(dwfl_);
    module_ = dwfl_report_offline(dwfl_, "program", "/proc/self/exe", -1);
    dwfl_report_end(dwfl_, nullptr, nullptr);
    if (module_ != nullptr) dwfl_module_info(module_, nullptr, &start_, nullptr, nullptr, nullptr, nullptr, nullptr);
  }
  ~Symbols() { dwfl_end(dwfl_); }
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  /// Empty for an address outside the program.
  std::string describe(uint64_t offset) {
    if (module_ == nullptr) return {};
    const Dwarf_Addr address = start_ + offset;
    const char* name = dwfl_module_addrname(module_, address);
    if (name == nullptr) return {};
    std::string text = shortFrameName(demangled(name));
    if (Dwfl_Line* line = dwfl_module_getsrc(module_, address)) {
      int number = 0;
      const char* file = dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
      if (file != nullptr) text += fmt::format(" at {}:{}", file, number);
    }
    return text;
  }

 private:
  Dwfl* dwfl_ = nullptr;
  Dwfl_Module* module_ = nullptr;
  Dwarf_Addr start_ = 0;
};

}  // namespace

namespace {

/// A thread's stack for signal handlers. The destructor restores the previous one, because a sanitizer may have set it.
class SignalStack {
 public:
  SignalStack() : memory_(new char[kBytes]) {
    stack_t stack{};
    stack.ss_sp = memory_.get();
    stack.ss_size = kBytes;
    ::sigaltstack(&stack, &before_);
  }
  ~SignalStack() { ::sigaltstack(&before_, nullptr); }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  static constexpr size_t kBytes = 64 * 1024;  // SIGSTKSZ is too small for backtrace()
  std::unique_ptr<char[]> memory_;
  stack_t before_{};
};

}  // namespace

uint64_t programBase() {
  uint64_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uint64_t*>(out) = info->dlpi_addr;
        return 1;  // the first entry is the program
      },
      &base);
  return base;
}

void leaveCrashRecord(const CrashRecord& record) {
  if (g_fd < 0 || g_reported != 0) return;
  g_reported = 1;
  [[maybe_unused]] auto written = ::write(g_fd, &record, sizeof record);
}

void useSignalStack() { [[maybe_unused]] static thread_local SignalStack stack; }

void installCrashHandler(int fd) {
  g_fd = fd;
  g_base = programBase();
  void* warm[2];
  ::backtrace(warm, 2);  // loads the unwinder now, because that allocates
  useSignalStack();
  struct sigaction action {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_ONSTACK;
  for (int signal : kSignals) ::sigaction(signal, &action, nullptr);
  ::on_exit(onExit, nullptr);
}

bool readCrashRecord(const Bytes& written, CrashRecord& record) {
  if (written.size() < sizeof record) return false;
  std::memcpy(&record, written.data(), sizeof record);
  return record.frames >= 0 && record.frames <= CrashRecord::kMaxFrames;
}

std::string shortFrameName(std::string_view name) {
  constexpr size_t kLong = 100;
  constexpr std::string_view kOperator = "operator";
  if (name.size() <= kLong) return std::string(name);
  std::string text;
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    // the brackets of an operator's name do not open or close template arguments
    if (depth == 0 && name.substr(i).starts_with(kOperator)) {
      const size_t end = std::min(name.find_first_not_of("<=>-", i + kOperator.size()), name.size());
      text += name.substr(i, end - i);
      i = end - 1;
    } else if (name[i] == '<') {
      if (depth++ == 0) text += "<...>";
    } else if (name[i] == '>' && depth > 0) {
      depth -= name[i - 1] == '-' ? 0 : 1;
    } else if (depth == 0) {
      text += name[i];
    }
  }
  return text;
}

std::string describeStack(const CrashRecord& record) {
  Symbols symbols;
  std::string text;
  bool inside = false;
  int handler_at = -1;
  for (int i = 0; i < record.frames; ++i) {
    // A return address lies after its call; one byte before it lies in the calling line. The address where the signal
    // struck, which follows the frames of the handler and the system's trampoline, is exact.
    const bool exact = handler_at >= 0 && i == handler_at + 2;
    const uint64_t address = record.stack[i] - (exact ? 0 : 1);
    std::string name = address >= record.base ? symbols.describe(address - record.base) : "";
    const bool handler = name.find("::onSignal(") != std::string::npos || name.find("::onExit(") != std::string::npos ||
                         name.find("::report(") != std::string::npos ||
                         name.find("::onStackWanted(") != std::string::npos;
    if (handler) handler_at = i;
    if (!inside && (handler || name.empty())) {
      continue;  // the handler itself, and the system's frames around it
    }
    if (name.starts_with("cerium::runTask(")) break;
    inside = true;
    text += fmt::format("    at {}\n", name.empty() ? fmt::format("{:#x}", record.stack[i]) : name);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace cerium
