#!/usr/bin/env escript
%% BENCH  rivals
%% ETS and DETS of Erlang/OTP: otp.escript VERB DIRECTORY ENTRIES prints nanoseconds an operation.
%% Keys, values and their number are those of workload.hpp; the order is random too. Nothing that is
%% read is kept.
-mode(compile).

main([Verb, Directory, Entries]) ->
    File = filename:join(Directory, "otp.dets"),
    io:format("~f~n", [measure(Verb, File, list_to_integer(Entries))]).

%% The whole table to a file in one go, and the file closed.
measure("save", File, N) ->
    Table = filled(N),
    timed(N, fun() ->
        Dets = open(File, N),
        ets:to_dets(Table, Dets),
        ok = dets:close(Dets)
    end);
%% From a closed file into a table in memory.
measure("load", File, N) ->
    timed(N, fun() ->
        Dets = open(File, N),
        Table = ets:new(table, [set, public]),
        Table = dets:to_ets(Dets, Table),
        N = ets:info(Table, size)
    end);
%% One by one into a new file, which is closed when the clock has stopped.
measure("insert", File, N) ->
    Keys = shuffled(N),
    {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}]),
    Took = timed(N, fun() ->
        lists:foreach(fun(K) -> ok = dets:insert(Dets, {K, value()}) end, Keys)
    end),
    ok = dets:close(Dets),
    Took;
%% Straight from the file.
measure("lookup", File, N) ->
    Keys = shuffled_again(N),
    Dets = open(File, N),
    timed(N, fun() -> lists:foreach(fun(K) -> [{_, _}] = dets:lookup(Dets, K) end, Keys) end);
measure("ets_insert", _, N) ->
    Keys = shuffled(N),
    Table = ets:new(table, [set, public]),
    timed(N, fun() -> lists:foreach(fun(K) -> ets:insert(Table, {K, value()}) end, Keys) end);
measure("ets_lookup", _, N) ->
    Table = filled(N),
    Keys = shuffled_again(N),
    timed(N, fun() -> lists:foreach(fun(K) -> [{_, _}] = ets:lookup(Table, K) end, Keys) end);
%% Ranges of a hundred entries, which ETS finds without a scan if they share the first member of the
%% key. Per entry.
measure("ets_select", _, N) ->
    Table = ets:new(table, [ordered_set, public]),
    [ets:insert(Table, {{I div 100, I rem 100}, value()}) || I <- numbers(N, 20260101)],
    Hundreds = N div 100,
    Starts = numbers(Hundreds, 20260102),
    timed(Hundreds * 100, fun() ->
        lists:foreach(fun(P) -> 100 = length(ets:select(Table, [{{{P, '_'}, '_'}, [], ['$_']}])) end,
                      Starts)
    end);
%% One entry in a hundred matches. Per entry of the table.
measure("ets_select_count", _, N) ->
    Table = filled_with_numbers(N),
    Found = N div 100,
    timed(N, fun() -> Found = ets:select_count(Table, less_than(Found)) end);
measure("ets_select_delete", _, N) ->
    Table = filled_with_numbers(N),
    Found = N div 100,
    timed(N, fun() -> Found = ets:select_delete(Table, less_than(Found)) end);
measure("ets_take", _, N) ->
    Table = filled(N),
    Keys = shuffled_again(N),
    timed(N, fun() -> lists:foreach(fun(K) -> [{_, _}] = ets:take(Table, K) end, Keys) end);
measure("persistent_term_get", _, N) ->
    persistent_term:put(limits, {100, <<"default">>}),
    timed(N, fun() -> get_terms(N) end).

get_terms(0) -> ok;
get_terms(N) ->
    {100, _} = persistent_term:get(limits),
    get_terms(N - 1).

less_than(N) -> [{{'_', '$1'}, [{'<', '$1', N}], [true]}].

filled_with_numbers(N) ->
    Table = ets:new(table, [set, public]),
    [ets:insert(Table, {key(I), I}) || I <- numbers(N, 20260101)],
    Table.

open(File, N) ->
    {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}, {min_no_slots, 256},
                                        {estimated_no_objects, N}, {repair, false}]),
    Dets.

filled(N) ->
    Table = ets:new(table, [set, public]),
    [ets:insert(Table, {K, value()}) || K <- shuffled(N)],
    Table.

value() -> <<"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx">>.

shuffled(N) -> shuffled(N, 20260101).
shuffled_again(N) -> shuffled(N, 20260102).

shuffled(N, Seed) -> [key(I) || I <- numbers(N, Seed)].

numbers(N, Seed) ->
    rand:seed(exsss, Seed),
    [I || {_, I} <- lists:sort([{rand:uniform(), I} || I <- lists:seq(0, N - 1)])].

key(I) -> list_to_binary(io_lib:format("user:~8..0b", [I])).

timed(Operations, Work) ->
    garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    (erlang:monotonic_time(nanosecond) - Start) / Operations.
