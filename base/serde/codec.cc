// Cerium. Licensed under the Apache License 2.0.
#include "base/serde/codec.h"

namespace cerium {

RecordOutputArchive::RecordOutputArchive(Writer& out) : Base(this), out_(&out) {}
RecordOutputArchive::~RecordOutputArchive() = default;
RecordInputArchive::RecordInputArchive(Reader& in) : Base(this), in_(&in) {}
RecordInputArchive::~RecordInputArchive() = default;

}  // namespace cerium
