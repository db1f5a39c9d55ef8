// Cerium. Licensed under the Apache License 2.0.
// compiler: clang++-16 -Werror=thread-safety
// errors: 2
// expect: writing variable 'letters_' requires holding mutex 'mutex_' exclusively
// expect: calling function 'takeLetter' requires holding mutex 'mutex_' exclusively
#include "base/util/mutex.h"

class Mailbox {
 public:
  void put() { ++letters_; }
  void take() { takeLetter(); }
  bool isEmpty() {
    cerium::MutexLock lock(mutex_);
    return letters_ == 0;
  }

 private:
  void takeLetter() CERIUM_REQUIRES(mutex_) { --letters_; }

  cerium::Mutex mutex_;
  int letters_ CERIUM_GUARDED_BY(mutex_) = 0;
};
