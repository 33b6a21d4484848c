// FILE  api -> engine -> stores -> journal -> [file]
// From a path to a place: the directory opened and held, the last component looked at, links
// followed by hand.
#include "error/printable.hpp"
#include "file/location.hpp"
#include "file/temporary_name.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace shelf::file {
namespace {

constexpr int most_links = 40;
constexpr std::uint32_t sticky_and_writable_by_all = 01002;

std::unexpected<error> invalid(std::string_view path, std::string_view why, int os_error = 0) {
  return std::unexpected(
      error(errc::invalid_path, std::string(path).append(": ").append(why), {}, os_error));
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && path.substr(0, end) != ".") parts.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

/// An absolute path without the base it starts with; nothing if it starts otherwise.
std::optional<std::string> without_base(std::string_view path, std::string_view base) {
  if (!base.starts_with('/')) return std::nullopt;
  const auto above = components(base);
  const auto all = components(path);
  if (all.size() <= above.size() || !std::equal(above.begin(), above.end(), all.begin())) {
    return std::nullopt;
  }
  std::string rest;
  for (std::size_t i = above.size(); i < all.size(); ++i) {
    if (!rest.empty()) rest += '/';
    rest += all[i];
  }
  return rest;
}

struct parts {
  std::string directory;  // "." if the path has none
  std::string name;
};

parts split(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", std::string(path)};
  return {slash == 0 ? "/" : std::string(path.substr(0, slash)),
          std::string(path.substr(slash + 1))};
}

/// A directory descriptor that closes itself unless it is taken.
class held_directory {
 public:
  held_directory(system& system, descriptor fd) noexcept : system_(&system), fd_(fd) {}
  held_directory(const held_directory&) = delete;
  held_directory& operator=(const held_directory&) = delete;
  ~held_directory() { replace(descriptor::none); }

  [[nodiscard]] descriptor get() const noexcept { return fd_; }
  [[nodiscard]] descriptor take() noexcept { return std::exchange(fd_, descriptor::none); }
  void replace(descriptor fd) noexcept {
    if (fd_ != descriptor::none) static_cast<void>(system_->close(fd_));
    fd_ = fd;
  }

 private:
  class system* system_;
  descriptor fd_;
};

/// One search: walks from directory to directory until the last component is no symlink.
class search {
 public:
  search(system& system, std::string_view path, bool beneath)
      : system_(system),
        path_(path),
        base_(system, descriptor::none),
        here_(system, descriptor::none),
        beneath_(beneath) {}

  result<> open_base(const std::string& base) {
    if (base.empty()) return invalid(path_, "its base directory is empty");
    if (base.find('\0') != base.npos)
      return invalid(base, "the base directory contains a NUL byte");
    const auto opened = system_.open_directory(descriptor::none, base, false);
    if (!opened) return no_directory(base, opened.error());
    base_.replace(*opened);
    return {};
  }

  /// Leaves the directory in here_ and the name in name_.
  result<> run(std::string way) {
    for (int links = 0; links <= most_links; ++links) {
      if (auto entered = enter(way); !entered) return entered;
      auto target = link_target();
      if (!target) return std::unexpected(std::move(target).error());
      if (!*target) return {};
      // Beneath a base every way starts at the base again, so that ".." in a link is the kernel's
      // to judge.
      way = beneath_ && !(*target)->starts_with('/') ? directory_ + '/' + **target : **target;
    }
    return invalid(path_, "too many symlinks", ELOOP);
  }

  [[nodiscard]] descriptor take_directory() noexcept { return here_.take(); }
  [[nodiscard]] std::string take_name() noexcept { return std::move(name_); }

 private:
  result<> enter(std::string_view way) {
    auto [directory, name] = split(way);
    if (name.empty()) return invalid(path_, "names a directory, not a file");
    if (name == "." || name == "..") return invalid(path_, "names a directory, not a file");
    if (is_temporary(name)) return invalid(path_, "the name is reserved for temporary files");
    const descriptor at = beneath_ ? base_.get() : here_.get();
    const auto opened = system_.open_directory(at, directory, beneath_);
    if (!opened) return no_directory(directory, opened.error());
    here_.replace(*opened);
    directory_ = std::move(directory);
    name_ = std::move(name);
    return {};
  }

  /// What the name links to, nothing if it is no link or is not there.
  result<std::optional<std::string>> link_target() {
    const auto found = system_.status_at(here_.get(), name_);
    if (!found) {
      if (found.error() == ENOENT) return std::optional<std::string>{};
      return refused("cannot read its status", found.error());
    }
    if (found->what != file_status::type::symlink) return std::optional<std::string>{};
    if (!may_follow(*found)) return refused("cannot follow the symlink", EACCES);
    auto target = system_.read_link(here_.get(), name_);
    if (!target) return refused("cannot read the symlink", target.error());
    if (target->empty()) return refused("cannot read the symlink", ENOENT);
    return std::optional<std::string>(std::move(*target));
  }

  /// The kernel's rule for sticky directories such as /tmp: a link there is followed only for the
  /// user who made it, or if the directory's owner made it. Following by hand must not be laxer.
  [[nodiscard]] bool may_follow(const file_status& link) const {
    const auto directory = system_.status(here_.get());
    if (!directory) return false;
    if ((directory->mode & sticky_and_writable_by_all) != sticky_and_writable_by_all) return true;
    return link.owner == system_.user_id() || link.owner == directory->owner;
  }

  [[nodiscard]] std::unexpected<error> no_directory(std::string_view directory, int cause) const {
    if (cause == EXDEV) return invalid(path_, "leads out of the base directory", cause);
    if (cause == ELOOP) return invalid(path_, "too many symlinks", cause);
    if (cause == ENAMETOOLONG) return invalid(path_, "the path is too long", cause);
    const error told = os_failure(
        path_, std::string("cannot open the directory \"").append(directory) + '"', cause);
    // Not not_found, which speaks of the table's file alone.
    return std::unexpected(error(errc::file_error, told.message(), {}, cause));
  }

  [[nodiscard]] std::unexpected<error> refused(std::string_view doing, int cause) const {
    if (cause == ENAMETOOLONG) return invalid(path_, "the name is too long", cause);
    return std::unexpected(os_failure(path_, doing, cause));
  }

  system& system_;
  std::string_view path_;
  held_directory base_;
  held_directory here_;
  std::string directory_;  // as text, from the base
  std::string name_;
  bool beneath_;
};

}  // namespace

result<location> location::find(class system& system, const std::string& path,
                                const std::optional<std::string>& base_directory) {
  if (path.empty()) return std::unexpected(error(errc::invalid_path, "the path is empty"));
  if (path.find('\0') != path.npos) return invalid(path, "contains a NUL byte");
  if (path.ends_with('/')) return invalid(path, "names a directory, not a file");
  search way(system, path, base_directory.has_value());
  std::string start = path;
  if (base_directory) {
    if (auto opened = way.open_base(*base_directory); !opened) {
      return std::unexpected(std::move(opened).error());
    }
    if (path.starts_with('/')) {
      auto below = without_base(path, *base_directory);
      if (!below) return invalid(path, "leads out of the base directory", EXDEV);
      start = std::move(*below);
    }
  }
  if (auto found = way.run(std::move(start)); !found) {
    return std::unexpected(std::move(found).error());
  }
  std::string for_messages = detail::printable(path);  // while way still holds the directory
  return location(system, way.take_directory(), way.take_name(), std::move(for_messages),
                  base_directory.has_value());
}

}  // namespace shelf::file
