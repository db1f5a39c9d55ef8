// Cerium. Licensed under the Apache License 2.0.
// The exceptions of the public API. Failures inside the engine travel as data (TaskOutcome).
#pragma once

#include <stdexcept>
#include <string>

namespace cerium {

/// The base of every exception that Cerium throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong call or setting. Thrown by the wrong call, or when a job is built.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// `reduce`, `first`, `max` or `min` was called on an RDD without records.
class EmptyCollection : public Error {
 public:
  using Error::Error;
};

/// A file or folder that cannot be read or written; the text names the path and the system's reason.
class IoError : public Error {
 public:
  using Error::Error;
};

/// Bytes that fail a check: a truncated block, a wrong checksum, an unknown entry point.
class CorruptData : public Error {
 public:
  using Error::Error;
};

}  // namespace cerium
