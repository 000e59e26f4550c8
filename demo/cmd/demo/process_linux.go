package main

import "syscall"

// apart keeps the terminal's Ctrl-C from dbmesh, which the demo ends itself, and ends
// dbmesh if the demo is killed.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
