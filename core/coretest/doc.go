// Package coretest holds fakes for those who test filters: a session and commands to hand
// to hooks, the facts about their statements and the parameters of their executes, pools of
// backends, a chain around any filter, a filter that records what it was asked, a clock that
// moves when told, and a strict decoder of YAML snippets.
//
// It is imported by tests only.
package coretest
