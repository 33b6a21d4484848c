// BENCH  rows: the disk
// What do writes that survive cost, and saving and loading a whole table?
#include "measure.hpp"
#include "rivals/disk_store.hpp"
#include "rivals/tkrzw_store.hpp"
#include "shelf_table.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <optional>
#include <stdexcept>

namespace bench {
namespace {

/// A plain file, as bare as it gets.
class bare_file {
 public:
  explicit bare_file(const std::string& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("cannot make " + path);
  }
  ~bare_file() { ::close(fd_); }
  bare_file(const bare_file&) = delete;
  bare_file& operator=(const bare_file&) = delete;
  void write(const char* from, std::size_t size, std::size_t at) const {
    if (::pwrite(fd_, from, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size)) {
      throw std::runtime_error("short write");
    }
  }
  void sync_data() const { must(::fdatasync(fd_)); }
  void sync() const { must(::fsync(fd_)); }

 private:
  static void must(int code) {
    if (code != 0) throw std::runtime_error("cannot sync");
  }
  int fd_;
};

/// The first `n` inserts of the workload into a store on disk.
[[nodiscard]] run inserts_into(open_disk_store* open, const bench_run& b, disk_store::sync mode,
                               std::size_t n) {
  return [open, &b, mode, n] {
    const auto& w = b.data();
    const auto t = open(fresh_directory(b.options()), mode);
    return timed(n, [&] {
      for (std::size_t i = 0; i < n; ++i) t->put(w.to_write[i], w.value);
    });
  };
}

void through(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  const auto shelf_inserts = [&, entries](shelf::file_io io) {
    return [&, entries, io] {
      auto t = open_table(fresh_directory(b.options()), shelf::write_mode::through, io);
      const auto took = timed(entries, [&] { fill(t, w); });
      t.abandon();
      return took;
    };
  };
  const auto by_calls = shelf_inserts(shelf::file_io::calls);
  const auto inserts = [&, entries](open_disk_store* open) {
    return inserts_into(open, b, disk_store::sync::none, entries);
  };
  b.compare("insert, through (survives kill -9)", "ns", by_calls,
            {{{"RocksDB, log not synced", inserts(open_rocksdb)}, 1.0 / 7},
             {{"LevelDB, log not synced", inserts(open_leveldb)}, 0},
             {{"LMDB, not synced", inserts(open_lmdb)}, 0},
             {{"SQLite, WAL, not synced", inserts(open_sqlite)}, 0}});
  b.compare("insert, through, mapped (survives kill -9)", "ns",
            shelf_inserts(shelf::file_io::mapped),
            {{{"RocksDB, log not synced", inserts(open_rocksdb)}, 1.0 / 20},
             {{"LevelDB, log not synced", inserts(open_leveldb)}, 0},
             {{"shelf, by calls", by_calls}, 0}});
}

void durable(bench_run& b) {
  const auto& w = b.data();
  const auto n = std::min(b.options().durable, w.to_write.size());
  const auto ours = [&, n] {
    auto t = open_table(fresh_directory(b.options()), shelf::write_mode::durable);
    return timed(n, [&] {
      for (std::size_t i = 0; i < n; ++i) shelf::or_throw(t.insert(w.to_write[i], w.value));
    });
  };
  const auto bare = [&, n] {
    const bare_file f(fresh_directory(b.options()) + "/bare");
    const std::string filled(n * 128, 'z');
    f.write(filled.data(), filled.size(), 0);
    f.sync();
    return timed(n, [&] {
      for (std::size_t i = 0; i < n; ++i) {
        f.write(filled.data(), 128, i * 128);
        f.sync_data();
      }
    });
  };
  const auto inserts = [&, n](open_disk_store* open) {
    return inserts_into(open, b, disk_store::sync::every_write, n);
  };
  b.compare("insert, durable, 1 thread", "ns", ours,
            {{{"bare", bare}, 1.15},
             {{"RocksDB, synced", inserts(open_rocksdb)}, 0},
             {{"LevelDB, synced", inserts(open_leveldb)}, 0},
             {{"LMDB, synced", inserts(open_lmdb)}, 0},
             {{"SQLite, synced", inserts(open_sqlite)}, 0}});
}

[[nodiscard]] double whole_save(const bench_run& b, std::size_t& file_bytes) {
  const auto& w = b.data();
  const auto directory = fresh_directory(b.options());
  auto t = open_table(directory, shelf::write_mode::back);
  fill(t, w);
  const auto took = timed(w.to_write.size(), [&] { shelf::or_throw(t.save()); });
  file_bytes = directory_bytes(directory);
  t.abandon();
  return took;
}

void saves(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  std::size_t file_bytes = 0;
  const auto whole = [&] { return whole_save(b, file_bytes); };
  const auto plain = [&, entries] {
    const bare_file f(fresh_directory(b.options()) + "/bare");
    const std::string piece(std::size_t{1} << 20, 'z');
    return timed(entries, [&] {
      for (std::size_t at = 0; at < file_bytes; at += piece.size()) {
        f.write(piece.data(), std::min(piece.size(), file_bytes - at), at);
      }
      f.sync();
    });
  };
  const auto tkrzw = [&, entries] {
    tkrzw_store t(fresh_directory(b.options()) + "/tkrzw.tkt");
    for (const auto& key : w.to_write) t.put(key, w.value);
    return timed(entries, [&] { t.save(); });
  };
  b.compare("save, whole table", "ns", whole,
            {{{"the same bytes, write + fsync", plain}, 1.3}, {{"tkrzw", tkrzw}, 1}});
  const auto changed = [&, entries] {
    auto t = open_table(fresh_directory(b.options()), shelf::write_mode::back);
    fill(t, w);
    shelf::or_throw(t.save());
    for (std::size_t i = 0; i < entries / 100; ++i) {
      shelf::or_throw(t.insert(w.to_write[i], w.other_value));
    }
    const auto took = timed(entries, [&] { shelf::or_throw(t.save()); });
    t.abandon();
    return took;
  };
  b.compare("save after 1 % changed", "ns", changed, {{{"shelf, whole save", whole}, 1.0 / 30}});
  b.compare("file size per entry, after a save", "bytes",
            [&, entries] {
              (void)whole_save(b, file_bytes);
              return static_cast<double>(file_bytes) / static_cast<double>(entries);
            },
            {{{"target: 1.1 x payload + 16", [] { return 1.1 * 113 + 16; }}, 1}});
}

/// A table with a file, and the same bytes written without looking at them.
void backups(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  std::size_t bytes = 0;
  const auto backup = [&, entries] {
    const auto directory = fresh_directory(b.options());
    auto t = open_table(directory, shelf::write_mode::through);
    fill(t, w);
    shelf::or_throw(t.sync());
    const auto took = timed(
        entries, [&] { bytes = shelf::or_throw(t.backup_to(directory + "/backup.shelf")).bytes; });
    t.abandon();
    return took;
  };
  const auto plain = [&, entries] {
    const bare_file f(fresh_directory(b.options()) + "/bare");
    const std::string piece(std::size_t{1} << 20, 'z');
    return timed(entries, [&] {
      for (std::size_t at = 0; at < bytes; at += piece.size()) {
        f.write(piece.data(), std::min(piece.size(), bytes - at), at);
      }
      f.sync();
    });
  };
  b.compare("backup of an open table, read back", "ns", backup,
            {{{"the same bytes, write + fsync", plain}, 1.25}});
}

void loads(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  const auto directory = fresh_directory(b.options());
  {
    auto t = open_table(directory, shelf::write_mode::back);
    fill(t, w);
    shelf::or_throw(t.close());
  }
  const auto open = [&, entries] {
    std::optional<text_map> t;
    const auto took = timed(entries, [&] { t = open_table(directory, shelf::write_mode::back); });
    t->abandon();
    return took;
  };
  const auto insert = [&, entries] {
    auto t = text_map::in_memory();
    return timed(entries, [&] { fill(t, w); });
  };
  const auto tkrzw_path = fresh_directory(b.options()) + "/tkrzw.tkt";
  {
    tkrzw_store t(tkrzw_path);
    for (const auto& key : w.to_write) t.put(key, w.value);
  }
  const auto tkrzw = [&, entries] {
    std::optional<tkrzw_store> t;
    return timed(entries, [&] { t.emplace(tkrzw_path); });
  };
  b.compare("open: load, every record checked", "ns", open,
            {{{"shelf, inserts in memory", insert}, 0}, {{"tkrzw, unchecked", tkrzw}, 1}});
  const auto reload = [&, entries] {
    auto t = open_table(directory, shelf::write_mode::back);
    const auto took = timed(entries, [&] { shelf::or_throw(t.reload()); });
    t.abandon();
    return took;
  };
  b.compare("reload", "ns", reload, {});
}

}  // namespace

void measure_disk(bench_run& b) {
  through(b);
  durable(b);
  saves(b);
  backups(b);
  loads(b);
}

}  // namespace bench
