#!/usr/bin/env escript
%% BENCH  rivals
%% Transactions of Mnesia on one node: mnesia.escript VERB STORAGE DIRECTORY ACCOUNTS PROCESSES
%% OPERATIONS prints nanoseconds per operation of all processes together. VERB is read, write or
%% transfer; STORAGE is ram_copies or disc_copies.
-mode(compile).
-record(account, {number, balance}).

main([Verb, Storage, Directory | Numbers]) ->
    [Accounts, Processes, Operations] = [list_to_integer(N) || N <- Numbers],
    %% Warnings about its log would go where the answer goes.
    logger:set_primary_config(level, none),
    open(list_to_atom(Storage), Directory, Accounts),
    Each = max(1, Operations div Processes),
    io:format("~f~n", [measure(list_to_atom(Verb), Accounts, Processes, Each)]),
    stopped = mnesia:stop().

open(Storage, Directory, Accounts) ->
    ok = application:load(mnesia),
    ok = application:set_env(mnesia, dir, Directory),
    %% The default, 1000, is known to be too small for a load like this.
    ok = application:set_env(mnesia, dump_log_write_threshold, 50000),
    _ = [ok = mnesia:create_schema([node()]) || Storage =:= disc_copies],
    ok = mnesia:start(),
    {atomic, ok} = mnesia:create_table(account, [{Storage, [node()]},
                                                 {attributes, record_info(fields, account)}]),
    {atomic, ok} = mnesia:transaction(fun() ->
        _ = [ok = mnesia:write(#account{number = I, balance = 1000})
             || I <- lists:seq(0, Accounts - 1)],
        ok
    end),
    _ = [dumped = mnesia:dump_log() || Storage =:= disc_copies],
    ok.

%% All processes start together; the clock stops when the last one has ended.
measure(Verb, Accounts, Processes, Each) ->
    Running = [spawn_monitor(fun() ->
        rand:seed(exsss, 20260101 + P),
        receive go -> ok end,
        repeat(Each, fun() -> perform(Verb, Accounts) end)
    end) || P <- lists:seq(1, Processes)],
    garbage_collect(),
    Start = erlang:monotonic_time(nanosecond),
    _ = [Process ! go || {Process, _} <- Running],
    _ = [receive {'DOWN', Monitor, process, _, Reason} -> normal = Reason end
         || {_, Monitor} <- Running],
    (erlang:monotonic_time(nanosecond) - Start) / (Processes * Each).

repeat(0, _) -> ok;
repeat(N, Work) ->
    Work(),
    repeat(N - 1, Work).

perform(read, Accounts) ->
    Number = any(Accounts),
    {atomic, [_]} = mnesia:transaction(fun() -> mnesia:read(account, Number) end);
perform(write, Accounts) ->
    Number = any(Accounts),
    {atomic, ok} = mnesia:transaction(fun() ->
        mnesia:write(#account{number = Number, balance = 1000})
    end);
%% What is to be written is read with the lock that writing needs.
perform(transfer, Accounts) ->
    From = any(Accounts),
    To = another(From, Accounts),
    {atomic, ok} = mnesia:transaction(fun() ->
        [Giving] = mnesia:wread({account, From}),
        [Taking] = mnesia:wread({account, To}),
        ok = mnesia:write(Giving#account{balance = Giving#account.balance - 1}),
        mnesia:write(Taking#account{balance = Taking#account.balance + 1})
    end).

any(Accounts) -> rand:uniform(Accounts) - 1.

another(Number, Accounts) ->
    case any(Accounts) of
        Number -> another(Number, Accounts);
        Other -> Other
    end.
