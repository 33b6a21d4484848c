# TEST  dets
# Elixir's side of a table that two programs change in turns: peer.escript tells of the commands.
defmodule Peer do
  def loop(table) do
    case IO.gets("") do
      :eof ->
        :ok

      line ->
        [verb | arguments] = String.split(line)
        loop(obey(verb, arguments, table))
    end
  end

  defp obey("open", [path, type], nil) do
    {:ok, table} =
      :dets.open_file(:peer,
        file: String.to_charlist(path),
        type: String.to_existing_atom(type),
        repair: false
      )

    answer("ok", table)
  end

  defp obey("insert", [hex], table) do
    :ok = :dets.insert(table, term(hex))
    answer("ok", table)
  end

  defp obey("delete", [hex], table) do
    :ok = :dets.delete(table, term(hex))
    answer("ok", table)
  end

  defp obey("delete_object", [hex], table) do
    :ok = :dets.delete_object(table, term(hex))
    answer("ok", table)
  end

  defp obey("list", [], table) do
    for object <- :dets.match_object(table, :_) do
      IO.puts(Base.encode16(:erlang.term_to_binary(object, minor_version: 2)))
    end

    answer(".", table)
  end

  defp obey("close", [], table) do
    :ok = :dets.close(table)
    answer("ok", nil)
  end

  defp answer(text, table) do
    IO.puts(text)
    table
  end

  defp term(hex), do: hex |> Base.decode16!(case: :mixed) |> :erlang.binary_to_term()
end

# Their atoms must exist before they are asked for.
[:set, :bag, :duplicate_bag]
Peer.loop(nil)
