// ENGINE  api -> [engine] -> stores -> journal -> file
// DETS files with terms for a face: terms go down as their bytes, and come up as terms.
#include "shelf/dets.hpp"

#include "dets/object.hpp"
#include "dets/object_store.hpp"
#include "engine/housekeeper.hpp"
#include "file/system.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>

namespace shelf::dets {
namespace {

using dets_format::object_store;
using dets_format::settings;

settings settings_of(const config& c) {
  static_assert(static_cast<int>(opening::read_only) ==
                static_cast<int>(settings::opening::read_only));
  return {.path = c.path,
          .base_directory = c.base_directory,
          .type = c.type,
          .keypos = c.keypos,
          .how = static_cast<settings::opening>(c.opening),
          .repair = c.repair,
          .tell_repair = c.tell_repair,
          .durable = c.mode == write_mode::durable,
          .mapped = c.io == file_io::mapped,
          .min_slots = c.min_slots,
          .max_slots = c.max_slots,
          .auto_save = c.auto_save,
          .any_file_system = c.file_system == file_system::any,
          .system = c.system};
}

std::vector<bytes> views_of(std::span<const term> objects) {
  std::vector<bytes> views;
  views.reserve(objects.size());
  for (const auto& object : objects) views.push_back(object.encoded());
  return views;
}

/// The sum, if the element is an integer of 64 bits and stays one.
result<std::int64_t> sum_of(const term& element, std::int64_t delta, const std::string& path) {
  using range = std::numeric_limits<std::int64_t>;
  if (element.what() != term::type::integer) {
    return std::unexpected(error(errc::type_mismatch, path + ": the counter is not an integer"));
  }
  const auto value = element.as_integer();
  const bool leaves = !value || (delta > 0 && *value > range::max() - delta) ||
                      (delta < 0 && *value < range::min() - delta);
  if (leaves)
    return std::unexpected(error(errc::overflow, path + ": the counter would overflow 64 bits"));
  return *value + delta;
}

}  // namespace

/// What a handle holds; the housekeeper saves through it, as long as it lives.
class file::core final : public engine::chore, public std::enable_shared_from_this<core> {
 public:
  core(std::unique_ptr<object_store> opened, std::function<void(const error&)> on_error)
      : table(std::move(opened)), on_error_(std::move(on_error)) {}

  [[nodiscard]] std::chrono::nanoseconds work() noexcept override {
    // Nothing to do for long: a file that is closed waits for its handle to go.
    constexpr std::chrono::hours idle{1};
    try {
      result<> saved;
      const auto next = table->save_if_due(saved);
      if (!saved) report(saved.error());
      return next.count() == 0 ? idle : next;
    } catch (...) {
      return idle;
    }
  }

  void close_at_destruction() noexcept {
    if (process_.is_of_parent()) {
      // A thread of the parent may have been changing what a destructor would now look at.
      if (!is_left_.exchange(true)) myself_ = shared_from_this();
      return;
    }
    if (!table->is_open()) return;
    try {
      const auto closed = table->close();
      if (!closed && closed.error() != errc::forked) report(closed.error());
    } catch (...) {
      report(errc::file_error);
    }
    table->abandon();
  }

  const std::unique_ptr<object_store> table;

 private:
  void report(const error& e) const noexcept {
    if (on_error_) return on_error_(e);
    try {
      std::fprintf(stderr, "shelf: %s\n", e.message().c_str());
    } catch (...) {
      std::fputs("shelf: a DETS file failed, and there is no memory to say how\n", stderr);
    }
  }

  std::function<void(const error&)> on_error_;
  const shelf::file::process_stamp process_;
  std::atomic<bool> is_left_{false};  ///< in a forked child: all stays as the parent had it
  std::shared_ptr<core> myself_;      ///< then, so that nothing is destroyed
};

file::file(std::shared_ptr<core> opened) noexcept : core_(std::move(opened)) {}
file::file(file&& other) noexcept = default;

file& file::operator=(file&& other) noexcept {
  if (this == &other) return *this;
  if (core_) core_->close_at_destruction();
  core_ = std::move(other.core_);
  return *this;
}

file::~file() {
  if (core_) core_->close_at_destruction();
}

result<file> file::open(config c) {
  if (c.mode == write_mode::back) {
    return std::unexpected(error(errc::invalid_argument,
                                 "config.mode cannot be write_mode::back: dets::file writes every "
                                 "change; use through or durable"));
  }
  if (c.auto_save.count() < 0) {
    return std::unexpected(error(errc::invalid_argument, "config.auto_save cannot be negative"));
  }
  auto opened = object_store::open(settings_of(c));
  if (!opened) return std::unexpected(opened.error());
  auto held = std::make_shared<core>(std::move(*opened), std::move(c.on_error));
  auto& system = c.system != nullptr ? *c.system : shelf::file::real_system();
  const bool saves = c.opening != opening::read_only && c.auto_save.count() > 0;
  if (saves && system.has_background_threads()) {
    auto room = engine::housekeeper::room_for(held);
    engine::housekeeper::instance().add(std::move(room), c.auto_save);
  }
  return file(std::move(held));
}

result<> file::close() { return core_->table->close(); }
void file::abandon() noexcept { core_->table->abandon(); }
bool file::is_open() const noexcept { return core_ && core_->table->is_open(); }

std::optional<repair_report> file::repaired() const { return core_->table->repaired(); }

result<std::vector<term>> file::lookup(const term& key) const {
  std::vector<term> objects;
  const auto found = core_->table->lookup(
      key.encoded(), [&](bytes object) { objects.push_back(term::from_canonical(object)); });
  if (!found) return std::unexpected(found.error());
  if (objects.empty()) return std::unexpected(errc::not_found);
  return objects;
}

bool file::contains(const term& key) const noexcept {
  const auto found = core_->table->lookup(key.encoded(), [](bytes) {});
  return found && *found > 0;
}

std::size_t file::size() const noexcept { return core_->table->size(); }

result<> file::visit_all(detail::function_ref<bool(const term&)> visit) const {
  return core_->table->for_each([&](bytes object) { return visit(term::from_canonical(object)); });
}

result<std::vector<term>> file::to_vector() const {
  // What the file says of itself is not believed beyond what is soon made up for.
  constexpr std::size_t most_at_once = std::size_t{1} << 16;
  std::vector<term> all;
  all.reserve(std::min(size(), most_at_once));
  auto read = for_each([&](const term& object) { all.push_back(object); });
  if (!read) return std::unexpected(read.error());
  return all;
}

result<file_info> file::info() const {
  const auto i = core_->table->info();
  if (!i) return std::unexpected(i.error());
  return file_info{.type = i->type,
                   .keypos = i->keypos,
                   .objects = i->objects,
                   .keys = i->keys,
                   .slots = i->slots,
                   .min_slots = i->min_slots,
                   .max_slots = i->max_slots,
                   .file_bytes = i->file_bytes,
                   .free_bytes = i->free_bytes,
                   .read_only = i->read_only,
                   .unsaved = i->unsaved};
}

result<written> file::insert(const term& object) { return core_->table->insert(object.encoded()); }

result<> file::insert_new(const term& object) {
  const bytes one[] = {object.encoded()};
  const auto put = core_->table->insert_all(one, true);
  return put ? result<>() : std::unexpected(put.error());
}

result<std::size_t> file::insert_all(std::span<const term> objects, bool only_new) {
  return core_->table->insert_all(views_of(objects), only_new);
}

result<std::size_t> file::erase(const term& key) { return core_->table->erase(key.encoded()); }

result<std::size_t> file::erase_object(const term& object) {
  return core_->table->erase_object(object.encoded());
}

result<std::size_t> file::clear() { return core_->table->clear(); }

result<std::int64_t> file::update_counter(const term& key, std::int64_t delta,
                                          std::uint32_t position) {
  auto& table = *core_->table;
  const auto place = position == 0 ? table.keypos() + 1 : position;
  if (table.type() != kind::set) {
    return std::unexpected(error(errc::wrong_kind, table.path() + ": only a set has counters"));
  }
  if (place == table.keypos()) {
    return std::unexpected(
        error(errc::invalid_argument, table.path() + ": the key itself cannot be a counter"));
  }
  std::int64_t sum = 0;
  const auto change = [&](bytes object) -> result<std::vector<std::byte>> {
    auto elements = *term::from_canonical(object).elements();
    if (place > elements.size()) {
      return std::unexpected(
          error(errc::type_mismatch, table.path() + ": the object has no such element"));
    }
    const auto added = sum_of(elements[place - 1], delta, table.path());
    if (!added) return std::unexpected(added.error());
    sum = *added;
    elements[place - 1] = term::integer(sum);
    const auto fresh = term::tuple(elements);
    return std::vector<std::byte>(fresh.encoded().begin(), fresh.encoded().end());
  };
  auto done = table.update(key.encoded(), change);
  if (!done) return std::unexpected(done.error());
  return sum;
}

result<> file::replace_all(std::span<const term> objects) {
  return core_->table->replace_all(views_of(objects));
}

result<> file::sync() { return core_->table->save(); }
result<> file::compact(const progress& tell) { return core_->table->compact(tell); }

result<> is_dets_file(const std::string& path) {
  return dets_format::recognise_file(shelf::file::real_system(), path, std::nullopt);
}

}  // namespace shelf::dets
