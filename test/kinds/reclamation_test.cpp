// TEST  kinds
// Epochs, objects that wait for their readers, blocks, pins taken while versions are published.
#include "kinds.hpp"
#include "kinds/versions.hpp"
#include "memory/blocks.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <latch>
#include <random>
#include <thread>

namespace shelf::kinds {
namespace {

TEST(Epoch, AReaderInsideHoldsItsEpochAndALaterOneDoesNot) {
  const auto before = memory::epoch::advance();
  EXPECT_TRUE(memory::epoch::everyone_left(before));
  std::uint64_t ended = 0;
  {
    const memory::epoch_guard outer;
    ended = memory::epoch::advance();
    EXPECT_FALSE(memory::epoch::everyone_left(ended));
    {
      const memory::epoch_guard inner;
    }
    EXPECT_FALSE(memory::epoch::everyone_left(ended))
        << "an inner guard let go of the outer one's epoch";
  }
  EXPECT_TRUE(memory::epoch::everyone_left(ended));
  const memory::epoch_guard late;
  EXPECT_TRUE(memory::epoch::everyone_left(ended));
}

TEST(Epoch, AnObjectIsDestroyedOnlyWhenItsReadersHaveLeft) {
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = object;
  std::latch inside(1), leave(1);
  std::jthread reader([&] {
    const memory::epoch_guard guard;
    inside.count_down();
    leave.wait();
  });
  inside.wait();
  memory::epoch::waiting place;
  memory::epoch::retire_later(place, std::move(object));
  memory::epoch::collect();
  EXPECT_FALSE(alive.expired());
  leave.count_down();
  reader.join();
  memory::epoch::collect();
  EXPECT_TRUE(alive.expired());
}

TEST(Epoch, ThreadsThatEndLeaveNobodyInside) {
  for (int i = 0; i < 50; ++i) {
    std::jthread([] { const memory::epoch_guard guard; }).join();
  }
  EXPECT_TRUE(memory::epoch::everyone_left(memory::epoch::advance()));
}

/// Readers follow a pointer that a writer swaps; what they reach must not be freed under them.
TEST(Epoch, WhatAReaderCanReachIsNotFreed) {
  struct cell {
    std::uint64_t a, b;
  };
  std::atomic<cell*> shared{new (memory::blocks::allocate(sizeof(cell))) cell{0, 0}};
  std::atomic<bool> stop{false};
  memory::byte_count held;
  held.add(1 << 30);
  {
    memory::limbo old(held);
    {
      std::vector<std::jthread> readers;
      for (int r = 0; r < 2; ++r) {
        readers.emplace_back([&] {
          while (!stop) {
            const memory::epoch_guard guard;
            const cell* const c = shared.load(std::memory_order_acquire);
            ASSERT_EQ(c->b, 2 * c->a);
          }
        });
      }
      for (std::uint64_t i = 1; i < 50'000; ++i) {
        auto* const fresh = new (memory::blocks::allocate(sizeof(cell))) cell{i, 2 * i};
        old.reserve(1);
        old.push(shared.exchange(fresh), sizeof(cell));
        old.collect(4);
      }
      stop = true;
    }
    EXPECT_FALSE(old.collect_some(old.waiting()));
    EXPECT_EQ(old.waiting(), 0u);
  }
  memory::blocks::release(shared.load(), sizeof(cell));
}

TEST(Blocks, TheyAreAlignedApartAndWritable) {
  std::mt19937 random(3);
  struct taken {
    std::byte* at;
    std::size_t size;
    std::byte mark;
  };
  std::vector<taken> all;
  for (int i = 0; i < 60'000; ++i) {
    if (random() % 3 == 0 && !all.empty()) {
      std::swap(all[random() % all.size()], all.back());
      const auto [at, size, mark] = all.back();
      ASSERT_EQ(at[0], mark);
      ASSERT_EQ(at[size - 1], mark);
      memory::blocks::release(at, size);
      all.pop_back();
      continue;
    }
    const std::size_t size = 1 + random() % (random() % 50 == 0 ? 10'000 : 300);
    auto* const at = static_cast<std::byte*>(memory::blocks::allocate(size));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(at) % (size % 64 == 0 ? 64 : 8), 0u);
    const auto mark = static_cast<std::byte>(random());
    std::fill_n(at, size, mark);
    all.push_back({at, size, mark});
  }
  for (const auto& [at, size, mark] : all) {
    ASSERT_TRUE(std::all_of(at, at + size, [&](std::byte b) { return b == mark; }));
    memory::blocks::release(at, size);
  }
}

TEST(Blocks, OneThreadMayReleaseWhatAnotherAllocated) {
  constexpr std::size_t rounds = 20'000;
  std::vector<std::atomic<entry*>> slots(64);
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (std::size_t i = 0; i < rounds; ++i) {
        const std::string value(random() % 200, static_cast<char>('a' + t));
        entry* mine = entry::make(as_bytes("key"), as_bytes(value)).release();
        mine = slots[random() % slots.size()].exchange(mine, std::memory_order_acq_rel);
        if (mine == nullptr) continue;
        const auto seen = value_text(mine);
        ASSERT_EQ(seen.find_first_not_of(seen.empty() ? 'x' : seen[0]), std::string::npos);
        entry::destroy(mine);
      }
    });
  }
  threads.clear();
  for (auto& slot : slots) {
    if (auto* const e = slot.load()) entry::destroy(e);
  }
}

TEST(Versions, APinTakenWhileVersionsArePublishedIsSeenByTheWriter) {
  version_board board(0);
  std::atomic<bool> stop{false};
  std::atomic<sequence> freed_below{0};  // what the writer thinks nobody wants
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto p = board.pin();
        ASSERT_GE(p.at, freed_below.load());
        ASSERT_LE(p.at, board.published());
        board.unpin(p.slot);
      }
    });
  }
  for (sequence n = 1; n < 100'000; ++n) {
    board.publish(n);
    const auto held = board.scan();
    const sequence oldest = std::min(held.oldest, n);
    if (oldest > freed_below) freed_below = oldest;
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(board.pin_count(), 0u);
}

/// Two tables on one board, each changed by every second version and then as large as it is high.
/// So a size of another version than the one that was asked for shows.
TEST(Versions, EachPinnedVersionKeepsItsSizesAndTheLatestIsNeverOlderThanOneThatWasSeen) {
  version_board board(0);
  std::array<size_history, 2> sizes;
  const auto expected = [](std::size_t table, sequence at) -> sequence {
    return at % 2 == table || at == 0 ? at : at - 1;
  };
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (std::size_t r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      while (!stop) {
        const auto seen = board.published();
        ASSERT_GE(sizes[r].latest(board), expected(r, seen));
        const auto pinned = board.pin();
        for (int again = 0; again < 20; ++again) {
          ASSERT_EQ(sizes[0].at(pinned.at), expected(0, pinned.at));
          ASSERT_EQ(sizes[1].at(pinned.at), expected(1, pinned.at));
        }
        board.unpin(pinned.slot);
      }
    });
  }
  std::array<std::ptrdiff_t, 2> now{};
  for (sequence n = 1; n < 1'000'000 && !HasFailure(); ++n) {
    auto& changed = sizes[n % 2];
    changed.reserve();
    changed.set(n, static_cast<std::ptrdiff_t>(n) - now[n % 2], board);
    now[n % 2] = static_cast<std::ptrdiff_t>(n);
    board.publish(n);
  }
  stop = true;
}

TEST(Versions, PinsBeyondTheFirstChunkAreSeenToo) {
  version_board board(5);
  std::vector<version_board::pin_place> pins;
  for (int i = 0; i < 200; ++i) {
    pins.push_back(board.pin());
    board.publish(board.published() + 2);
  }
  EXPECT_EQ(board.pin_count(), 200u);
  EXPECT_EQ(board.scan().oldest, 5u);
  EXPECT_EQ(board.scan().newest_older, 5u + 2 * 199);
  for (const auto& p : pins) board.unpin(p.slot);
  EXPECT_EQ(board.scan().oldest, latest);
  EXPECT_FALSE(board.any_pin_in(0, latest));
}

}  // namespace
}  // namespace shelf::kinds
