// Cerium. Licensed under the Apache License 2.0.
// Checkpoints: a computed RDD is written to files (or kept as cached blocks) and read from there afterwards.
#pragma once

#include "rdd/api/basics.h"
#include "rdd/io/record_file.h"
#include "rdd/ops/result_sinks.h"

namespace cerium {

namespace ops {

/// Reads the records of partition p from file number p.
template <class T>
struct RecordFiles {
  std::vector<std::string> paths;

  StreamPtr<T> compute(TaskContext& task, const RddNode&, int p) const {
    auto reader = std::make_shared<io::RecordFileReader>(paths[static_cast<size_t>(p)]);
    return fillStream<T>([&task, reader](RecordBuffer<T>& out) {
      Bytes run;
      if (!reader->next(run)) return false;
      task.metrics().bytes_read += static_cast<int64_t>(run.size());
      Reader in(run);
      auto left = in.get<uint64_t>();
      task.metrics().records_read += static_cast<int64_t>(left);
      decodeRecords(in, left, left, out);
      return true;
    });
  }
  void encode(Writer& out) const { encodeValue(out, paths); }
  static RecordFiles decode(Reader& in) { return {decodeValue<std::vector<std::string>>(in)}; }
  void visit(const ClosureVisitor&) const {}
};

/// Writes a partition's records to part-NNNNN in a folder.
template <class T>
struct WriteRecords : ResultEnd, Parts<Carried<std::string>> {
  template <class In>
  bool run(TaskContext& task, In& input) {
    io::RecordFileWriter writer(this->template part<0>().value, task.partitionId(), task.taskAttemptId());
    RecordBuffer<T> batch;
    Bytes bytes;
    auto flush = [&] {
      bytes.clear();
      Writer out(bytes);
      encodeRecords(out, batch.data(), batch.size());
      writer.append(bytes);
      task.metrics().records_written += static_cast<int64_t>(batch.size());
      task.metrics().bytes_written += static_cast<int64_t>(bytes.size());
      batch.clear();
    };
    input.forEach([&](auto&& record) {
      batch.emplace_back(std::forward<decltype(record)>(record));
      if (batch.size() == 4 * kBatchRecords<T>) flush();
    });
    flush();
    task.checkInterrupted();  // the job may be over and another one may use the folder
    writer.commit();
    return true;
  }
  static WriteRecords decode(Reader& in) { return {{}, {WriteRecords::decodeMembers(in)}}; }
};

/// Reads only cached partitions: the end of a lineage that localCheckpoint has cut.
template <class T>
struct CachedOnly {
  RddId cached;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    if (auto block = task.services().findCached(cached, p)) return openCached<T>(std::move(*block));
    throw Error(node.site().str() + ": partition " + std::to_string(p) +
                " was kept by localCheckpoint and its executor is gone; use checkpoint() for data that must survive");
  }
  void encode(Writer& out) const { out.put(*this); }
  static CachedOnly decode(Reader& in) { return in.get<CachedOnly>(); }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace ops

namespace api {

template <class Self, class T>
void Basics<Self, T>::checkpoint(Where where) const {
  requireSerializable<op::cache, T>();
  auto rdd = self().rdd();
  const std::string folder = self().runner()->checkpointDir() + "/rdd-" + std::to_string(id());
  self().runner()->whenFirstComputed(rdd.node(), [rdd, folder, where] {
    io::makeFolder(folder);
    rdd.runEnd("checkpoint", ops::WriteRecords<T>{{}, {Carried<std::string>{folder}}}, where);
    std::vector<std::string> paths;
    for (int p = 0; p < rdd.getNumPartitions(); ++p) paths.push_back(io::partPath(folder, p));
    rdd.node()->replaceBy(makeRdd<T>(rdd.runner(), {"checkpoint", where}, rdd.getNumPartitions(), {},
                                     ops::RecordFiles<T>{std::move(paths)}, rdd.partitioner())
                              .node());
  });
}

template <class Self, class T>
void Basics<Self, T>::localCheckpoint(Where where) const {
  requireSerializable<op::cache, T>();
  auto rdd = self().rdd();
  if (!usesDisk(rdd.getStorageLevel())) self().runner()->persist(*rdd.node(), MEMORY_AND_DISK);
  self().runner()->whenFirstComputed(rdd.node(), [rdd, where] {
    rdd.count(where);  // computes the partitions that the job did not need
    rdd.node()->replaceBy(makeRdd<T>(rdd.runner(), {"localCheckpoint", where}, rdd.getNumPartitions(), {},
                                     ops::CachedOnly<T>{rdd.node()->id()}, rdd.partitioner())
                              .node());
  });
}

}  // namespace api
}  // namespace cerium
