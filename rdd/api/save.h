// Cerium. Licensed under the Apache License 2.0.
// Writes an RDD to files, and pipes it through an external program.
#pragma once

#include "rdd/api/checkpoint.h"
#include "rdd/api/support.h"
#include "rdd/io/text_files.h"
#include "rdd/ops/pipe_process.h"
#include "rdd/ops/result_sinks.h"
#include "rdd/ops/text_of.h"

namespace cerium {

namespace ops {

/// Writes a partition as lines of text.
template <class T>
struct WriteText : ResultEnd, Parts<Carried<std::pair<std::string, std::string>>> {
  template <class In>
  bool run(TaskContext& task, In& input) {
    const auto& [path, codec] = this->template part<0>().value;
    io::TextPartWriter writer(path, task.partitionId(), task.taskAttemptId(), codec);
    std::string line;
    input.forEach([&](auto&& record) {
      line.clear();
      appendText(line, record);
      writer.line(line);
      ++task.metrics().records_written;
      task.metrics().bytes_written += static_cast<int64_t>(line.size()) + 1;
    });
    task.checkInterrupted();  // the job may be over and another one may use the folder
    writer.commit();
    return true;
  }
  static WriteText decode(Reader& in) { return {{}, {WriteText::decodeMembers(in)}}; }
};

/// Passes lines through a program's standard input and output.
template <class T>
struct Pipe {
  PipeCommand command;

  StreamPtr<std::string> compute(TaskContext& task, const RddNode& node, int p) const {
    auto input = std::make_shared<narrow::Input<T, narrow::Identity>>(task, typedParent<T>(node, 0).open(task, p),
                                                                      narrow::Identity());
    return pipeThrough(command, task, [input](std::string& lines) {
      return input->nextBatch([&](const T& record) {
        appendText(lines, record);
        lines += '\n';
      });
    });
  }
  void encode(Writer& out) const { encodeValue(out, command); }
  static Pipe decode(Reader& in) { return {decodeValue<PipeCommand>(in)}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace ops

namespace api {

template <class Self, class T>
class Saving {
 public:
  /// Writes path/part-00000, ... with one record a line, then path/_SUCCESS. `codec`: "", "gz", "zst" or "lz4". A part
  /// gets its name once it is complete, and only once. Throws IoError if the folder exists.
  void saveAsTextFile(const std::string& path, const std::string& codec = "", Where where = Where::current()) const {
    io::checkCodec(codec);
    save(path, [&] {
      self().runEnd("saveAsTextFile",
                    ops::WriteText<T>{{}, {Carried<std::pair<std::string, std::string>>{{path, codec}}}}, where);
    });
  }
  /// Writes encoded records that Context::objectFile<T> of the same program can read.
  void saveAsObjectFile(const std::string& path, Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    save(path, [&] {
      self().runEnd("saveAsObjectFile", ops::WriteRecords<T>{{}, {Carried<std::string>{path}}}, where);
    });
  }

  /// Passes each partition's records, one a line, through a program; the records of the result are its output lines. A
  /// single string is run by /bin/sh. A non-zero exit status fails the task with the end of the program's stderr.
  auto pipe(std::vector<std::string> command, const std::vector<std::pair<std::string, std::string>>& environment = {},
            Where where = Where::current()) const {
    return makeRdd<std::string>(self().runner(), {"pipe", where}, self().getNumPartitions(), {narrowOn(self().node())},
                                ops::Pipe<T>{{std::move(command), environment}});
  }
  auto pipe(std::initializer_list<const char*> command,
            const std::vector<std::pair<std::string, std::string>>& environment = {},
            Where where = Where::current()) const {
    return pipe(std::vector<std::string>(command.begin(), command.end()), environment, where);
  }
  auto pipe(std::string command, const std::vector<std::pair<std::string, std::string>>& environment = {},
            Where where = Where::current()) const {
    return pipe(std::vector<std::string>{"/bin/sh", "-c", std::move(command)}, environment, where);
  }

 private:
  template <class Run>
  static void save(const std::string& path, Run run) {
    io::beginOutput(path);
    try {
      run();
    } catch (...) {
      io::abandonOutput(path);
      throw;
    }
    io::finishOutput(path);
  }

  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace api
}  // namespace cerium
