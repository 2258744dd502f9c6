#include "threads/pool.h"

#if !defined(_WIN32)
#include <pthread.h>
#endif

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace incarnate {
namespace {

struct Job {
  const std::function<void(int)>& work;
  const int count;
  std::atomic<int> next{0};
  int helpers_inside = 0;
  std::exception_ptr failure{};

  void run(std::mutex& mutex) {
    try {
      for (int i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
    } catch (...) {
      next.store(count);
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }
};

class Pool {
 public:
  void run(Job& job, int helpers) {
    {
      const std::lock_guard lock(mutex_);
      while (num_workers_ < helpers) {
        std::thread([this] { serve(); }).detach();
        ++num_workers_;
      }
      tickets_.insert(tickets_.end(), helpers, &job);
    }
    for (int i = 0; i < helpers; ++i) work_arrived_.notify_one();
    job.run(mutex_);
    std::unique_lock lock(mutex_);
    // Tickets nobody took yet are withdrawn: a busy pool never keeps a caller waiting.
    tickets_.erase(std::remove(tickets_.begin(), tickets_.end(), &job), tickets_.end());
    helper_left_.wait(lock, [&] { return job.helpers_inside == 0; });
  }

 private:
  [[noreturn]] void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_arrived_.wait(lock, [this] { return !tickets_.empty(); });
      Job& job = *tickets_.front();
      tickets_.pop_front();
      ++job.helpers_inside;
      lock.unlock();
      job.run(mutex_);
      lock.lock();
      if (--job.helpers_inside == 0) helper_left_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::condition_variable helper_left_;
  std::deque<Job*> tickets_;
  int num_workers_ = 0;
};

// The pool is never destroyed: its threads sleep in it until the process ends.
std::atomic<Pool*> shared_pool{nullptr};

Pool& pool() {
  static const bool made = [] {
    shared_pool = new Pool;
#if !defined(_WIN32)
    // A forked child has none of the threads, and perhaps a locked mutex: it starts afresh.
    pthread_atfork(nullptr, nullptr, [] { shared_pool = new Pool; });
#endif
    return true;
  }();
  static_cast<void>(made);
  return *shared_pool;
}

}  // namespace

void parallel_for(int num_threads, int count, const std::function<void(int)>& work) {
  const int helpers = std::min(num_threads, count) - 1;
  if (helpers <= 0) {
    for (int i = 0; i < count; ++i) work(i);
    return;
  }
  Job job{work, count};
  pool().run(job, helpers);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace incarnate
