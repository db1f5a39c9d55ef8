// Cerium. Licensed under the Apache License 2.0.
// Everything a driver program needs: Context, RDD, Broadcast, Accumulator, and the exceptions they throw.
#pragma once

#include "driver/context.h"
#include "rdd/words.h"
