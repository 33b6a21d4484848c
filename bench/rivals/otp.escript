#!/usr/bin/env escript
%% BENCH  rivals
%% ETS and DETS of Erlang/OTP: otp.escript VERB DIRECTORY ENTRIES COUNT prints nanoseconds an
%% operation. Keys, values and their number are those of workload.hpp; the order is random too.
-mode(compile).

main([Verb, Directory, Entries, Count]) ->
    N = list_to_integer(Entries),
    io:format("~f~n", [measure(Verb, filename:join(Directory, "otp.dets"), N,
                               list_to_integer(Count))]).

%% The whole table to a file in one go, and the file closed.
measure("save", File, N, _) ->
    Table = filled(N),
    timed(N, fun() ->
        Dets = open(File, N),
        ets:to_dets(Table, Dets),
        ok = dets:close(Dets)
    end);
%% From a closed file into a table in memory.
measure("load", File, N, _) ->
    timed(N, fun() ->
        Dets = open(File, N),
        Table = ets:new(table, [set, public]),
        Table = dets:to_ets(Dets, Table),
        N = ets:info(Table, size)
    end);
%% One by one into a new file.
measure("insert", File, N, _) ->
    Keys = shuffled(N),
    timed(N, fun() ->
        {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}]),
        [ok = dets:insert(Dets, {K, value()}) || K <- Keys],
        ok = dets:close(Dets)
    end);
%% Straight from the file.
measure("lookup", File, N, Count) ->
    Keys = lists:sublist(shuffled(N), Count),
    Dets = open(File, N),
    timed(Count, fun() -> [[{_, _}] = dets:lookup(Dets, K) || K <- Keys] end);
measure("ets_insert", _, N, _) ->
    Keys = shuffled(N),
    Table = ets:new(table, [set, public]),
    timed(N, fun() -> [ets:insert(Table, {K, value()}) || K <- Keys] end);
measure("ets_lookup", _, N, _) ->
    Table = filled(N),
    Keys = shuffled(N),
    timed(N, fun() -> [[{_, _}] = ets:lookup(Table, K) || K <- Keys] end).

open(File, N) ->
    {ok, Dets} = dets:open_file(bench, [{file, File}, {type, set}, {min_no_slots, 256},
                                        {estimated_no_objects, N}, {repair, false}]),
    Dets.

filled(N) ->
    Table = ets:new(table, [set, public]),
    [ets:insert(Table, {K, value()}) || K <- shuffled(N)],
    Table.

value() -> <<"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx">>.

shuffled(N) ->
    rand:seed(exsss, 20260101),
    [K || {_, K} <- lists:sort([{rand:uniform(), key(I)} || I <- lists:seq(0, N - 1)])].

key(I) -> list_to_binary(io_lib:format("user:~8..0b", [I])).

timed(Operations, Work) ->
    garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    (erlang:monotonic_time(nanosecond) - Start) / Operations.
