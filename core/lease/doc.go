// Package lease keeps the books of the connections to one backend that sessions share: which
// are idle, who waits for one, when a new one may be opened, and which is to be closed. It has
// no socket, no goroutine and no timer; its callers, several event loops at once, tell it what
// happened and at what time of a monotonic clock.
//
// Each connection holds one slot from the permission to open it until it is dropped, that is
// until the server has seen its end too, so that the server never counts more than the limit:
//
//	          Dial, Replace          Opened            Put
//	(nothing) ------------> opening --------> lent <----------> idle
//	    ^                      |               |    Take, serve   |
//	    |        Failed        |               |                  |
//	    +----------------------+               | Put says no      | Sweep: Close
//	    |                                      v                  |
//	    +----------------- Drop ----------- leaving <-------------+
//	    +----------------- Forget, Replace -----------------------+
//
// A lent one may be dropped too. A ping lends an idle one to the sweeper.
//
// A slot counts for the backend and for the account of its connection. A session that asks gets,
// in this order: an idle connection of its kind; a new one, if both counts allow it; and only
// where they don't, an idle one of another kind, to be changed or replaced. At the limit of its
// account only connections of that account help.
//
// Who gets nothing waits. What comes back goes to who has waited longest of those that can use
// it: one is overtaken only by one that takes what the first has no use for, because its account
// is at its limit or all the logins that may run at once do run. So nobody waits while there is
// something for it, and Take needs no look at the queue: whatever is there is nobody else's.
package lease
