// API  [api] -> engine -> stores -> journal -> file
// with_table: a table opened, used and closed.
#pragma once

#include "shelf/config.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/error.hpp"

namespace shelf {

namespace detail {

/// Calls f with the handle, and always closes it.
template <class Handle, class F>
auto use_and_close(result<Handle> opened, F& f) {
  using R = std::invoke_result_t<F&, Handle&>;
  using outcome = std::conditional_t<is_result<R>::value, R, result<R>>;
  if (!opened) return outcome(std::unexpected(opened.error()));
  // If f throws, the destructor closes.
  auto made = [&]() -> outcome {
    if constexpr (std::is_void_v<R>) {
      detail::invoke(f, *opened);
      return {};
    } else {
      return detail::invoke(f, *opened);
    }
  }();
  auto closed = opened->close();
  if (!closed) opened->abandon();
  // f may have closed it itself.
  if (closed || closed.error() == errc::table_closed) return made;
  if (made) return outcome(std::unexpected(closed.error()));
  return outcome(std::unexpected(and_closing_failed(made.error(), closed.error())));
}

}  // namespace detail

template <class Table, class F>
auto with_table(typename Table::config c, F&& f) {
  return detail::use_and_close(Table::open(std::move(c)), f);
}

template <class Table, path_argument P, class F>
auto with_table(const P& path, F&& f) {
  typename Table::config c;
  c.path = detail::path_text(path);
  return with_table<Table>(std::move(c), std::forward<F>(f));
}

}  // namespace shelf
