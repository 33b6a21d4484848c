// STORES  api -> engine -> [stores] -> journal -> file
// DETS files opened, created, read and followed for a table.
#include "stores/dets_object.hpp"
#include "stores/dets_recording.hpp"

#include <utility>

namespace shelf::stores {
namespace {

using dets_format::settings;

[[nodiscard]] settings settings_of(const file_options& o, settings::opening how) {
  const auto& c = o.config;
  settings s{.path = c.path,
             .base_directory = c.base_directory,
             .type = o.description.what,
             .keypos = 1,
             .how = how,
             .repair = c.repair,
             .waits_for_accept = true,
             .durable = c.mode == write_mode::durable,
             .mapped = c.io == file_io::mapped,
             .exact_values = true,
             .any_file_system = c.file_system == file_system::any,
             .system = &o.where->system()};
  if (c.dets_limit != 0) s.highest_end = c.dets_limit;
  return s;
}

[[nodiscard]] found_at_open found_in(const dets_format::object_store& file) {
  auto repaired = file.repaired();
  return {.batches = 0,
          .cut_bytes = 0,
          .clean = !repaired.has_value(),
          .repaired = std::move(repaired)};
}

/// DETS says nothing of types: the catalogue is the one that is wanted.
[[nodiscard]] result<> tell_catalogue(const table_description& as, journal::visitor& out) {
  const auto d = encode_description(as);
  return out.visit({journal::op::table_created, 0, 1, as_bytes(d.key), as_bytes(d.value)}, 0);
}

[[nodiscard]] result<> read_objects(const dets_format::object_store& file,
                                    const table_description& as, const std::string& path,
                                    journal::visitor& out) {
  result<> read;
  const auto walked = file.for_each([&](bytes object) {
    const auto entry = entry_of_object(object, as.what, path);
    read = entry ? out.visit(*entry, 0) : std::unexpected(entry.error());
    return read.has_value();
  });
  if (!walked) return walked;
  if (!read) return read;
  return out.committed(0);
}

}  // namespace

dets_store::dets_store(std::shared_ptr<file::location> where, table_description as,
                       std::unique_ptr<dets_format::object_store> file)
    : where_(std::move(where)),
      as_(std::move(as)),
      file_(std::move(file)),
      found_(found_in(*file_)) {}

result<std::shared_ptr<file_store>> dets_store::open_as(const file_options& o, bool create) {
  const auto how = create ? settings::opening::create_new : settings::opening::existing;
  auto opened = dets_format::object_store::open(settings_of(o, how), o.where);
  if (!opened) return std::unexpected(opened.error());
  try {
    auto ready = std::make_shared<dets_store>(o.where, o.description, std::move(*opened));
    ready->syncs_each_ = o.config.mode == write_mode::durable;
    return ready;
  } catch (...) {
    // Nothing was to be left of an open that failed.
    if (create) static_cast<void>(o.where->unlink());
    throw;
  }
}

result<std::shared_ptr<file_store>> dets_store::open(const file_options& o) {
  return open_as(o, false);
}

result<std::shared_ptr<file_store>> dets_store::create(const file_options& o) {
  return open_as(o, true);
}

/// Another process may change the file while it is read: then what was read is forgotten.
result<found_at_open> dets_store::read(const file_options& o, journal::visitor& out) {
  constexpr int tries = 20;
  if (auto told = tell_catalogue(o.description, out); !told) return std::unexpected(told.error());
  for (int i = 1;; ++i) {
    const auto opened =
        dets_format::object_store::open(settings_of(o, settings::opening::read_only), o.where);
    if (!opened) return std::unexpected(opened.error());
    const auto read = read_objects(**opened, o.description, o.where->path(), out);
    if (read) return found_in(**opened);
    if (read.error() != errc::busy || i == tries) return std::unexpected(read.error());
    const auto forgotten = out.visit({journal::op::clear, 0, 1, {}, {}}, 0);
    if (!forgotten) return std::unexpected(forgotten.error());
  }
}

result<> dets_store::read_all(journal::visitor& out) const {
  if (auto told = tell_catalogue(as_, out); !told) return told;
  return read_objects(*file_, as_, where_->path(), out);
}

// --- following -----------------------------------------------------------------------------------

/// Takes in what read_all hands out.
class dets_store::copying final : public journal::visitor {
 public:
  explicit copying(recording& into) : into_(into) {}
  result<> visit(const journal::change& c, std::uint64_t number) override {
    into_.hear(number, std::span(&c, 1));
    return {};
  }
  result<> committed(std::uint64_t) override { return {}; }

 private:
  recording& into_;
};

result<std::unique_ptr<reading>> dets_store::follow(start from) {
  auto made = std::make_unique<recording>(*this);
  if (from == start::beginning) {
    copying all(*made);
    if (auto read = read_all(all); !read) return std::unexpected(read.error());
  }
  const std::scoped_lock lock(recording_mutex_);
  recording_ = made.get();
  return made;
}

dets_store::recording::~recording() {
  const std::scoped_lock lock(of_.recording_mutex_);
  if (of_.recording_ == this) of_.recording_ = nullptr;
}

void dets_store::recording::hear(sequence number, std::span<const journal::change> changes) {
  const auto before = changes_.size();
  try {
    for (const auto& c : changes) {
      changes_.push_back(
          {c.what, number, {c.key.begin(), c.key.end()}, {c.value.begin(), c.value.end()}});
      size_ += c.key.size() + c.value.size();
    }
  } catch (...) {
    forget_behind(before);
    throw;
  }
}

void dets_store::recording::forget_last(std::size_t count) noexcept {
  forget_behind(changes_.size() - count);
}

void dets_store::recording::forget_behind(std::size_t count) noexcept {
  for (; changes_.size() > count; changes_.pop_back()) {
    size_ -= changes_.back().key.size() + changes_.back().value.size();
  }
}

result<> dets_store::recording::next(journal::visitor& out) {
  std::vector<kept_change> now;
  {
    const std::scoped_lock lock(of_.recording_mutex_);
    now.swap(changes_);
    size_ = 0;
  }
  for (const auto& c : now) {
    if (auto done = out.visit({c.what, 0, 1, c.key, c.value}, c.number); !done) return done;
  }
  return now.empty() ? result<>() : out.committed(now.back().number);
}

}  // namespace shelf::stores
