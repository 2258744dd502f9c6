// A persistent pool of threads that several callers may use at once.
#pragma once

#include <functional>

namespace incarnate {

// Calls work(i) once for every i in [0, count), on the calling thread and up to num_threads − 1
// helpers. Items are handed out one after another, so they may differ in cost. What work writes
// must depend on i alone; results are then the same for any number of threads.
// The first exception that work throws is thrown again here, after all threads have left.
void parallel_for(int num_threads, int count, const std::function<void(int)>& work);

}  // namespace incarnate
