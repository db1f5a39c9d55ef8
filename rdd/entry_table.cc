// Cerium. Licensed under the Apache License 2.0.
#include "rdd/entry_table.h"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "base/util/error.h"
#include "base/util/hash.h"
#include "base/util/mutex.h"

// Finds the function that covers an address (libgcc's unwinder; declared here because its header is internal).
extern "C" {
struct dwarf_eh_bases {
  void* tbase;
  void* dbase;
  void* func;
};
const void* _Unwind_Find_FDE(void* pc, struct dwarf_eh_bases* bases);
}

namespace cerium {
namespace {

/// A loaded module: the program itself or a shared library.
struct Module {
  uintptr_t base;
  uintptr_t text_begin;
  uintptr_t text_end;
  std::string build_id;
  uint64_t hash;
};

std::string hex(const unsigned char* bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string findBuildId(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const char* at = reinterpret_cast<const char*>(info.dlpi_addr + segment.p_vaddr);
    const char* end = at + segment.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const char* name = at + sizeof note;
      const char* contents = name + ((note.n_namesz + 3) & ~3u);
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
        return hex(reinterpret_cast<const unsigned char*>(contents), note.n_descsz);
      }
      at = contents + ((note.n_descsz + 3) & ~3u);
    }
  }
  return {};
}

Module describe(const dl_phdr_info& info) {
  Module module{info.dlpi_addr, UINTPTR_MAX, 0, findBuildId(info), 0};
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    module.text_begin = std::min(module.text_begin, info.dlpi_addr + segment.p_vaddr);
    module.text_end = std::max(module.text_end, info.dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  if (module.build_id.empty() && module.text_begin < module.text_end) {
    const uint64_t text =
        hashBytes(reinterpret_cast<const void*>(module.text_begin), module.text_end - module.text_begin);
    module.build_id = fmt::format("text-{:016x}", text);
  }
  module.hash = hashBytes(module.build_id.data(), module.build_id.size());
  return module;
}

std::vector<Module> loadedModules() {
  std::vector<Module> modules;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        static_cast<std::vector<Module>*>(out)->push_back(describe(*info));
        return 0;
      },
      &modules);
  return modules;
}

std::atomic<const EntryRegistration*> g_registrations{nullptr};

}  // namespace

/// The table, built from the registrations at its first use and again after a library was loaded.
class EntryTable {
 public:
  static EntryTable& instance() {
    static EntryTable table;
    return table;
  }

  EntryId idOf(const void* function) {
    MutexLock lock(mutex_);
    return idLocked(function);
  }

  void* resolve(EntryKind kind, EntryId id) {
    MutexLock lock(mutex_);
    index();
    auto found = entries_.find(id);
    if (found == entries_.end() || found->second.first != kind) {
      throw CorruptData(
          fmt::format("no entry {:016x}+{:#x} of kind {} in this program; driver and executor must be the "
                      "same binary (this one's build-id is {})",
                      id.module, id.offset, static_cast<int>(kind), buildId()));
    }
    return found->second.second;
  }

  void* functionAt(EntryId id) {
    MutexLock lock(mutex_);
    for (int round = 0; round < 2; ++round) {
      for (const Module& module : modules_) {
        uintptr_t address = module.base + id.offset;
        if (module.hash != id.module || address < module.text_begin || address >= module.text_end) continue;
        dwarf_eh_bases bases{};
        auto* pc = reinterpret_cast<char*>(address);
        if (_Unwind_Find_FDE(pc + 1, &bases) != nullptr && bases.func == pc) return pc;
      }
      modules_ = loadedModules();
    }
    throw CorruptData(fmt::format("no function begins at {:016x}+{:#x} in this program", id.module, id.offset));
  }

 private:
  EntryTable() : modules_(loadedModules()) {}

  EntryId idLocked(const void* function) CERIUM_REQUIRES(mutex_) {
    auto address = reinterpret_cast<uintptr_t>(function);
    for (int round = 0; round < 2; ++round) {
      for (const Module& module : modules_) {
        if (address >= module.text_begin && address < module.text_end) return {module.hash, address - module.base};
      }
      modules_ = loadedModules();
    }
    throw InvalidArgument(fmt::format("{} is not a function of this program", function));
  }

  void index() CERIUM_REQUIRES(mutex_) {
    const EntryRegistration* newest = g_registrations.load();
    for (const auto* at = newest; at != indexed_; at = at->next_) {
      entries_[idLocked(at->function_)] = {at->kind_, at->function_};
    }
    indexed_ = newest;
  }

  Mutex mutex_;
  std::vector<Module> modules_ CERIUM_GUARDED_BY(mutex_);
  std::map<EntryId, std::pair<EntryKind, void*>> entries_ CERIUM_GUARDED_BY(mutex_);
  const EntryRegistration* indexed_ CERIUM_GUARDED_BY(mutex_) = nullptr;
};

EntryRegistration::EntryRegistration(EntryKind kind, void* function) : kind_(kind), function_(function) {
  next_ = g_registrations.load();
  while (!g_registrations.compare_exchange_weak(next_, this)) {
  }
}

EntryId EntryRegistration::id() const { return EntryTable::instance().idOf(function_); }

void* resolveEntry(EntryKind kind, EntryId id) { return EntryTable::instance().resolve(kind, id); }

EntryId encodeFunctionPointer(const void* function) { return EntryTable::instance().idOf(function); }

void* decodeFunctionPointer(EntryId id) { return EntryTable::instance().functionAt(id); }

const std::string& buildId() {
  static const std::string id = loadedModules().front().build_id;
  return id;
}

}  // namespace cerium
