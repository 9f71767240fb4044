---@meta
-- Written by scripts/client_types.py from docs/protocol.md: change that, and run it.

---@class codewm.DismissParams
---@field textDocument { uri: string }
---@field hit? codewm.HitReference|nil
---@field commit? string|nil
---@field path? string|nil
---@field author? string|nil

---@class codewm.Dismissal
---@field hit? codewm.HitReference
---@field commit? string
---@field path? string
---@field author? string

---@class codewm.DismissedParams
---@field textDocument { uri: string }

---@class codewm.DismissedResult
---@field schema "codewm.dismissed/1"
---@field status "ok"|"unsupported"
---@field dismissed codewm.Dismissal[]

---@class codewm.EditContentParams
---@field commit string
---@field path string
---@field side "before"|"after"

---@class codewm.EditContentResult
---@field text string

---@class codewm.Hit
---@field commit string
---@field author string
---@field date string
---@field subject string
---@field path string
---@field lines codewm.Lines
---@field score number
---@field similarity number
---@field action string
---@field reasons string[]
---@field before string
---@field after string
---@field diff? string

---@class codewm.HitReference
---@field commit string
---@field path string
---@field lines [integer, integer]

---@class codewm.IndexParams
---@field textDocument { uri: string }
---@field rebuild? boolean|nil

---@alias codewm.Lines [integer, integer]

---@class codewm.LiveEdit
---@field path string
---@field lines codewm.Lines
---@field hits codewm.Hit[]

---@class codewm.Place
---@field range codewm.Range
---@field symbol string
---@field kind "function"|"class"|"module"

---@class codewm.Position
---@field line integer
---@field character integer

---@class codewm.PredictEditsParams
---@field textDocument { uri: string }
---@field position codewm.Position
---@field version? integer|nil
---@field k? integer|nil
---@field diffs? boolean|nil

---@class codewm.PredictEditsResult
---@field schema "codewm.predict/1"
---@field version integer|nil
---@field status "ok"|"no-index"|"no-model"|"stale"|"too-large"|"unsupported"
---@field region codewm.Place|nil
---@field predictions codewm.Prediction[]

---@class codewm.Prediction
---@field label string
---@field score number
---@field moved number
---@field edits codewm.Hit[]

---@class codewm.Range
---@field start codewm.Position
---@field end codewm.Position

---@class codewm.Region
---@field range codewm.Range
---@field symbol string
---@field kind "function"|"class"|"module"
---@field fresh boolean
---@field embedding? string

---@alias codewm.ShowPredictedEditsArguments [string, integer, integer|nil]

---@alias codewm.ShowSimilarEditsArguments [string, integer, integer|nil, integer|nil]

---@class codewm.SimilarEditsParams
---@field textDocument { uri: string }
---@field position? codewm.Position|nil
---@field range? codewm.Range|nil
---@field version? integer|nil
---@field k? integer|nil
---@field diffs? boolean|nil

---@class codewm.SimilarEditsResult
---@field schema "codewm.similar/1"
---@field version integer|nil
---@field status "ok"|"no-index"|"no-edit"|"stale"|"too-large"|"unsupported"
---@field edits codewm.LiveEdit[]

---@class codewm.StateParams
---@field textDocument { uri: string }
---@field position? codewm.Position|nil
---@field range? codewm.Range|nil
---@field version? integer|nil
---@field embeddings? boolean|nil

---@class codewm.StateResult
---@field schema "codewm.state/1"
---@field version integer|nil
---@field status "ok"|"stale"|"too-large"|"unsupported"|"no-model"
---@field model string|nil
---@field regions codewm.Region[]
---@field timings codewm.Timings|nil

---@class codewm.StatusParams
---@field textDocument? { uri: string }|nil

---@class codewm.StatusResult
---@field schema "codewm.status/1"
---@field workTrees codewm.WorkTree[]

---@class codewm.Timings
---@field parse_ms number
---@field tokenize_ms number
---@field encode_ms number
---@field fresh_ms number|nil

---@class codewm.WorkTree
---@field uri string
---@field name string
---@field state "none"|"indexing"|"ready"|"stale"|"error"
---@field commits integer|nil
---@field commitsTotal integer|nil
---@field edits integer|nil
---@field message string|nil

---@alias codewm.Request
---| "codewm/similarEdits"
---| "codewm/predictEdits"
---| "codewm/editContent"
---| "codewm/dismiss"
---| "codewm/restore"
---| "codewm/dismissed"
---| "codewm/state"
---| "codewm/status"
---| "codewm/index"

---@alias codewm.Notification
---| "codewm/statusChanged"
