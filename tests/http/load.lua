-- SPDX-License-Identifier: MIT
-- For wrk: deletes each key of a list once, and notes which deletions were asked for and which were
-- acknowledged. See load.sh.
--   wrk -t THREADS -c CONNECTIONS -s load.lua URL -- \
--       LIST FOLDER TOKEN THREADS CONNECTIONS [PROCESS COUNT DELAY]
-- LIST has a line "REPOSITORY KEY ATTEMPT" for each. DELAY microseconds after the first thread has
-- had COUNT deletions acknowledged, it kills the PROCESS. In FOLDER each thread writes, at once:
--   requested-N     the request ids, "KEY/ATTEMPT", that it was about to send
--   acknowledged-N  those answered with 200
--   refused-N       those answered otherwise, with status and body
--   finished-N      when every request that it sent was answered, or has lost its connection
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local keys, place = {}, 0
local folder, requested, acknowledged, refused
local headers, connections, drained = {}, 0, 0
-- Keys that were asked for and not answered. Each connection waits for one answer at a time: when
-- one more is to be asked for than there are others, at least one answer will never come.
local unanswered, server_is_gone = 0, false
-- wrk asks the first thread for a request that it only looks at.
local is_looked_at = false

local ffi = require("ffi")
ffi.cdef("int usleep(unsigned microseconds); int kill(int process, int signal);")
local SIGKILL = 9
local victim, answers_to_live, delay_of_death = 0, 0, 0

local function open(name)
    local file = assert(io.open(folder .. "/" .. name .. "-" .. number, "w"))
    file:setvbuf("no") -- so that what was known before a crash is in the file
    return file
end

function init(arguments)
    local list, count = arguments[1], tonumber(arguments[4])
    folder = arguments[2]
    headers["Authorization"] = "Bearer " .. arguments[3]
    connections = arguments[5] / count
    if number == 0 and arguments[6] then
        victim, answers_to_live = tonumber(arguments[6]), tonumber(arguments[7])
        delay_of_death = tonumber(arguments[8])
    end
    local line_number = 0
    for line in io.lines(list) do
        if line_number % count == number then
            local repository, key, attempt = line:match("^(%S+) (%S+) (%S+)$")
            keys[#keys + 1] = { repository = repository, key = key, id = key .. "/" .. attempt }
        end
        line_number = line_number + 1
    end
    requested, acknowledged, refused = open("requested"), open("acknowledged"), open("refused")
    is_looked_at = number == 0
end

local function format(key)
    headers["X-Request-Id"] = key.id
    return wrk.format("DELETE", "/repo/" .. key.repository .. "/ai/apikey/" .. key.key, headers)
end

-- While the server is away wrk connects again and again, and asks for a request each time that is
-- never sent; no key is spent on those. The answer to one that is sent means that the server is
-- back: what was lost with the old one has long been noticed by then, so that nothing is on its way.
local function probe()
    server_is_gone = true
    ffi.C.usleep(1000)
    headers["X-Request-Id"] = "probe"
    return wrk.format("OPTIONS", "/healthz", headers)
end

-- For a connection that has nothing left to do: the beginning of a request, to which there is no
-- answer. When each connection has sent it, nothing else is on its way any more.
local function drain()
    drained = drained + 1
    if drained == connections then
        open("finished"):close()
        wrk.thread:stop()
    end
    return "GET"
end

function request()
    if is_looked_at then
        is_looked_at = false
        return format(keys[1])
    end
    if server_is_gone or unanswered == connections then
        return probe()
    end
    place = place + 1
    local key = keys[place]
    if not key then
        return drain()
    end
    unanswered = unanswered + 1
    requested:write(key.id .. "\n")
    return format(key)
end

local function count_down()
    answers_to_live = answers_to_live - 1
    if answers_to_live == 0 then
        ffi.C.usleep(delay_of_death)
        ffi.C.kill(victim, SIGKILL)
    end
end

local function find(fields, name)
    for field, value in pairs(fields) do
        if field:lower() == name then
            return value
        end
    end
    return "-"
end

function response(status, fields, body)
    local id = find(fields, "x-request-id")
    if id == "probe" then
        if server_is_gone then -- and not a later one's
            server_is_gone, unanswered = false, 0
        end
        return
    end
    unanswered = unanswered - 1
    if status == 200 then
        acknowledged:write(id .. "\n")
        count_down()
    else
        refused:write(id .. " " .. status .. " " .. body .. "\n")
    end
end
