// Cerium. Licensed under the Apache License 2.0.
// The operations that RDD<T> and Chain have in common.
#pragma once

#include "rdd/api/basics.h"
#include "rdd/api/checkpoint.h"
#include "rdd/api/key_operations.h"
#include "rdd/api/pair_operations.h"
#include "rdd/api/save.h"
#include "rdd/api/statistics.h"
#include "rdd/api/transformations.h"
#include "rdd/api/tree_aggregate.h"

namespace cerium::api {

/// All operations of RDD and Chain.
template <class Self, class T>
class Operations : public Basics<Self, T>,
                   public Transformations<Self, T>,
                   public Actions<Self, T>,
                   public Saving<Self, T>,
                   public KeyOperations<Self, T>,
                   public PairOperations<Self, T>,
                   public OrderedOperations<Self, T>,
                   public Statistics<Self, T> {
 public:
  using rdd_tag = void;
};

}  // namespace cerium::api
