//go:build !race

package service

const slower = 1
