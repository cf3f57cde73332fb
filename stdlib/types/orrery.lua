---@meta
-- Types for editors with the Lua language server (https://luals.github.io): completion and checks for
-- strategies. Never loaded by orrery. Point the server at this folder, in .luarc.json:
--   { "workspace.library": ["path/to/orrery/stdlib"], "runtime.version": "Lua 5.4" }

--- What a strategy file returns.
---@class orrery.Strategy
---@field name string unique per desk: [a-z0-9][a-z0-9_-]{0,63}
---@field vault_id string a vault of orrery.lua
---@field params? table<string, orrery.Param>
---@field triggers orrery.Trigger[]
---@field max_concurrency? integer running ticks at once (default 8)
---@field schema? table<string, orrery.Table> its own tables, for ctx.db
---@field queue? integer waiting ticks beyond which triggers are skipped (default 256)
---@field decide fun(ctx: orrery.Ctx): orrery.Action|orrery.Action[]
---@field on_executed? fun(ctx: orrery.Ctx, result: orrery.Result)
---@field on_error? fun(ctx: orrery.Ctx, err: orrery.Failure)

--- A table of the strategy's own. Types: text, bigint, real, boolean, json; with "not null" and "default LITERAL".
---@class orrery.Table
---@field columns table<string, string>
---@field primary_key? string[]
---@field indexes? table<string, string[]>

---@class orrery.Param
---@field type "integer"|"number"|"string"|"boolean"
---@field default? any
---@field min? number
---@field max? number
---@field enum? any[]
---@field description? string

---@class orrery.Trigger
---@field kind "cron"|"event"|"manual"
---@field every_seconds? number cron: 0.01 and more
---@field schedule? string cron: five fields, "*/5 * * * *"
---@field tz? string cron schedule: time zone, default UTC
---@field catch_up? "one"|"skip" cron: after a stall, one tick for all that was missed, or none
---@field topic? string event

---@class orrery.Ctx
---@field now integer milliseconds since the epoch: the only clock
---@field vault orrery.Vault
---@field market table<string, orrery.Market> by feed name
---@field state orrery.State
---@field log orrery.Log
---@field db orrery.Db only with `schema`
---@field trigger orrery.Fired? nil in the hooks
---@field params table<string, any>
---@field last orrery.Result? of the plugin's previous executed run
---@field lifecycle { closures: orrery.Closure[] }
---@field run_id string
---@field dry_run boolean

---@class orrery.Vault
---@field id string
---@field is_frozen boolean
---@field quote_balance integer base units (a decimal string above 2^63-1, like every amount here)
---@field pm_balance integer position manager: pays for mints
---@field nav integer
---@field max_single_position integer most that one position may cost
---@field exposure_headroom integer what all open positions together may still cost
---@field open_positions integer
---@field positions orrery.Position[]
---@field permissions integer bits
---@field plp_shares integer

---@class orrery.Position
---@field kind "binary"|"range"
---@field market_id string
---@field strike? integer binary, × 1e9
---@field is_up? boolean binary
---@field lower_strike? integer range, × 1e9
---@field higher_strike? integer range, × 1e9
---@field quantity integer
---@field cost integer
---@field value integer what it would fetch now
---@field expiry integer ms

---@class orrery.Market
---@field stale boolean no price for too long, or none yet: the prices below may then be missing
---@field spot number
---@field forward number
---@field svi orrery.Svi total implied variance to `expiry`
---@field at integer time of the price, ms
---@field market_id string
---@field expiry integer ms
---@field open number
---@field high number
---@field low number
---@field close number
---@field volume number

---@class orrery.Svi
---@field a number
---@field b number
---@field rho number
---@field m number
---@field sigma number

---@class orrery.State
local State = {}
---@param key string
---@return any value a copy; nil when never set, deleted or expired
function State:get(key) end
---@param key string
---@param fallback any
---@return any
function State:get_or_default(key, fallback) end
---@param key string
---@param value any boolean, number, string, array or object
function State:set(key, value) end
---@param key string
---@param value any
---@param ttl_ms integer above 0
function State:set_with_ttl(key, value, ttl_ms) end
---@param key string
function State:delete(key) end
---@param key string
---@return boolean
function State:has(key) end
---@return string[] keys every live key, sorted
function State:keys() end

--- The strategy's own tables. Each call waits for the database, and other ticks of the strategy may run meanwhile. Not
--- from inside table.sort, string.gsub or __tostring. A failure is raised. Writes are committed at the call; a tick whose
--- worker was lost is run again, so give a write that must not be repeated a key.
---@class orrery.Db
local Db = {}
---@class orrery.SelectOptions
---@field where? table<string, any> { column = value }, or { column = { [">="] = value } } with = != < <= > >=
---@field order_by? string|string[] "column" or "column desc"
---@field limit? integer 1 to 10000
---@field columns? string[]
---@class orrery.WriteOptions
---@field key? string 1 to 128 bytes: a write whose key was used before does nothing
---@param table string
---@param row table<string, any> orrery.null stands for null
---@param options? orrery.WriteOptions
---@return integer changed
---@return true? repeated the key has been used before
function Db:insert(table, row, options) end
---@param table string
---@param row table<string, any>
---@param options? orrery.WriteOptions
---@return integer changed
---@return true? repeated
function Db:upsert(table, row, options) end
---@param table string
---@param options? orrery.SelectOptions
---@return table<string, any>[] rows a null column is absent
function Db:select(table, options) end
---@param table string
---@param where table<string, any>
---@param options? orrery.WriteOptions
---@return integer changed
---@return true? repeated
function Db:delete(table, where, options) end
---@param sql string one SELECT, VALUES or WITH; parameters are $1, $2 …
---@param params? any[] at most 100
---@return table<string, any>[] rows
function Db:query(sql, params) end
---@param sql string one INSERT, UPDATE, DELETE or WITH
---@param params? any[]
---@param options? orrery.WriteOptions
---@return integer changed
---@return true? repeated
function Db:exec(sql, params, options) end

---@class orrery.Log
local Log = {}
---@param message string
---@param fields? table
function Log:debug(message, fields) end
---@param message string
---@param fields? table
function Log:info(message, fields) end
---@param message string
---@param fields? table
function Log:warn(message, fields) end
---@param message string
---@param fields? table
function Log:error(message, fields) end

---@class orrery.Fired
---@field kind "cron"|"event"|"manual"
---@field topic? string
---@field payload? any
---@field scheduled_at integer ms

---@class orrery.Closure: orrery.Position a position that expired since the last tick
---@field won boolean
---@field payout integer
---@field pnl integer payout less cost: may be negative
---@field settlement_price number

---@class orrery.Result
---@field outcome "submitted"|"noop"|"failed"
---@field actions orrery.Action[]
---@field dry_run boolean
---@field digest? string
---@field events? table[]
---@field error? orrery.Failure

---@class orrery.Failure
---@field phase "client"|"chain"
---@field message string

---@class orrery.Action
---@field kind string

---@alias orrery.U64 integer|number|string a non-negative integer, an integral float, or a decimal string

---@class orrery.orrery
---@field null lightuserdata null, in rows, conditions and parameters of ctx.db
local orrery = {}
--- Marks an array, so that an empty one is not taken for an object.
---@param list? any[]
---@return any[]
function orrery.array(list) end

---@class orrery.action
local action = { vault = {} }
---@param reason string
---@return orrery.Action
function action.noop(reason) end
---@param fields { topic: string, payload: any }
---@return orrery.Action
function action.emit(fields) end
---@param fields { target: string, type_arguments: table?, arguments: table? }
---@return orrery.Action
function action.call(fields) end
---@param fields { market_id: string, strike: orrery.U64, is_up: boolean, quantity: orrery.U64, skip_auto_fund: boolean? }
---@return orrery.Action
function action.vault.mint_binary(fields) end
---@param fields { market_id: string, lower_strike: orrery.U64, higher_strike: orrery.U64, quantity: orrery.U64, skip_auto_fund: boolean? }
---@return orrery.Action
function action.vault.mint_range(fields) end
---@param fields { market_id: string, strike: orrery.U64, is_up: boolean, quantity: orrery.U64 }
---@return orrery.Action
function action.vault.redeem_binary(fields) end
---@param fields { market_id: string, lower_strike: orrery.U64, higher_strike: orrery.U64, quantity: orrery.U64 }
---@return orrery.Action
function action.vault.redeem_range(fields) end
---@param fields { amount: orrery.U64 }
---@return orrery.Action
function action.vault.pm_deposit(fields) end
---@param fields { amount: orrery.U64 }
---@return orrery.Action
function action.vault.pm_withdraw(fields) end
---@param fields { amount: orrery.U64 }
---@return orrery.Action
function action.vault.supply_plp(fields) end
---@param fields { shares_amount: orrery.U64 }
---@return orrery.Action
function action.vault.withdraw_plp(fields) end
---@param fields? {}
---@return orrery.Action
function action.vault.refresh_nav_snapshot(fields) end
---@param fields? {}
---@return orrery.Action
function action.vault.crystallize_fees(fields) end

--- For orrery.lua: an object on Sui, shared (true, or its initial version) or owned by the operator.
---@class orrery.SuiObject
---@field id string
---@field shared? boolean|integer
---@field mutable? boolean of a shared one
---@field owned? boolean

---@class orrery.SuiCalls
---@field objects table<string, orrery.SuiObject>
---@field calls table<string, table[]> by kind of action: its commands

---@class orrery.SuiPredict
---@field package string
---@field predict orrery.SuiObject|string
---@field manager orrery.SuiObject|string
---@field quote string
---@field coin? orrery.SuiObject|string a coin of the quote's type, or "gas"
---@field withdraw? "transfer"|"merge"
---@field max? { quantity: orrery.U64?, amount: orrery.U64? }

---@class orrery.SuiVault
---@field package string
---@field vault orrery.SuiObject|string
---@field module? string default "vault"
---@field quote? string
---@field objects? table[] each an orrery.SuiObject with a name
---@field market? string[] default { "oracle" }
---@field functions? table<string, string|false>
---@field max? { quantity: orrery.U64?, amount: orrery.U64? }

---@class orrery.sui_predict
local sui_predict = {}
---@param options orrery.SuiPredict
---@return orrery.SuiCalls
function sui_predict.testnet_4_16(options) end
---@param options orrery.SuiVault
---@return orrery.SuiCalls
function sui_predict.vault(options) end
