// Cerium. Licensed under the Apache License 2.0.
#include "base/util/erased.h"

namespace cerium {

std::shared_ptr<void> ownErased(void* value, void (*destroy)(void*)) { return {value, destroy}; }

}  // namespace cerium
