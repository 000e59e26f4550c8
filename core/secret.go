package core

import "log/slog"

// Secret is a value that must not be seen: it prints, logs and marshals as a placeholder.
type Secret struct{ value string }

// NewSecret wraps a clear value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal gives the clear value, for the one place that must prove it to somebody.
func (s Secret) Reveal() string { return s.value }

// IsZero says whether the secret is empty.
func (s Secret) IsZero() bool { return s.value == "" }

const hidden = "[secret]"

func (s Secret) String() string { return hidden }

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return hidden }

// LogValue keeps slog from showing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps JSON and YAML from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
