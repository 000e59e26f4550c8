//go:build !linux

package main

import "syscall"

// apart keeps the terminal's Ctrl-C from dbmesh, which the demo ends itself.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
