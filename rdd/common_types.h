// Cerium. Licensed under the Apache License 2.0.
// Compiles common record types once, in common_types.cc, so that driver programs that use them compile faster; an
// optimised program may still inline them. Other types are compiled where they are used.
#pragma once

#include <string>

#include "rdd/job_runner.h"
#include "rdd/shuffle/combine_table.h"
#include "rdd/shuffle/radix_sort.h"
#include "rdd/shuffle/shuffle_reader.h"
#include "rdd/shuffle/shuffle_writer.h"

// The engine's class templates for record type R. `EXTERN` is `extern` or nothing.
#define CERIUM_RECORD_CLASSES(EXTERN, ...)                 \
  EXTERN template class RecordBuffer<__VA_ARGS__>;         \
  EXTERN template class StreamPtr<__VA_ARGS__>;            \
  EXTERN template class Stream<__VA_ARGS__>;               \
  EXTERN template class SharedStream<__VA_ARGS__>;         \
  EXTERN template class OwnedStream<__VA_ARGS__>;          \
  EXTERN template class DecodeStream<__VA_ARGS__>;         \
  EXTERN template class ConcatStream<__VA_ARGS__>;         \
  EXTERN template class TypedNodePtr<__VA_ARGS__>;         \
  EXTERN template class Node<__VA_ARGS__>;                 \
  EXTERN template class ShuffleWriter<__VA_ARGS__>;        \
  EXTERN template class ShuffleStream<__VA_ARGS__>;        \
  EXTERN template const BlockOps* blockOps<__VA_ARGS__>(); \
  EXTERN template StreamPtr<__VA_ARGS__> openCached<__VA_ARGS__>(CachedBlock);

#define CERIUM_SORTS(EXTERN, K, V) \
  EXTERN template void sortPairs<K, V>(RecordBuffer<std::pair<K, V>>&, KeyOrder, const TaskContext*);

#define CERIUM_TABLE_CLASSES(EXTERN, ...) EXTERN template class CombineTable<__VA_ARGS__>;

#define CERIUM_COMMON_TYPES(EXTERN)                                  \
  CERIUM_RECORD_CLASSES(EXTERN, int32_t)                             \
  CERIUM_RECORD_CLASSES(EXTERN, int64_t)                             \
  CERIUM_RECORD_CLASSES(EXTERN, double)                              \
  CERIUM_RECORD_CLASSES(EXTERN, std::string)                         \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<std::string, int32_t>)     \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<std::string, int64_t>)     \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<std::string, double>)      \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<std::string, std::string>) \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<int32_t, int32_t>)         \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<int64_t, int64_t>)         \
  CERIUM_RECORD_CLASSES(EXTERN, std::pair<int64_t, double>)          \
  CERIUM_SORTS(EXTERN, std::string, int64_t)                         \
  CERIUM_SORTS(EXTERN, std::string, double)                          \
  CERIUM_SORTS(EXTERN, int32_t, double)                              \
  CERIUM_SORTS(EXTERN, int64_t, int64_t)                             \
  CERIUM_SORTS(EXTERN, int64_t, double)                              \
  CERIUM_TABLE_CLASSES(EXTERN, std::string, int32_t)                 \
  CERIUM_TABLE_CLASSES(EXTERN, std::string, int64_t)                 \
  CERIUM_TABLE_CLASSES(EXTERN, std::string, double)                  \
  CERIUM_TABLE_CLASSES(EXTERN, int32_t, int32_t)                     \
  CERIUM_TABLE_CLASSES(EXTERN, int64_t, int64_t)                     \
  CERIUM_TABLE_CLASSES(EXTERN, int64_t, double)

namespace cerium {
CERIUM_COMMON_TYPES(extern)
}  // namespace cerium

extern template class std::vector<cerium::Dependency>;
extern template class std::vector<cerium::SpilledPtr>;
extern template class std::vector<std::vector<cerium::ShuffleSegment>>;
extern template class std::shared_ptr<cerium::RddNode>;
extern template class std::shared_ptr<cerium::JobRunner>;
