package coretest

import (
	"fmt"
	"reflect"

	"github.com/dbmesh/dbmesh/core"
	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"
)

// Decode reads a filter's own settings from a YAML snippet the way the config does: keys
// are the koanf tags, an unknown key is an error, durations and sizes need a unit.
func Decode(text string) core.Decode {
	return func(into any) error {
		var values map[string]any
		if err := yaml.Unmarshal([]byte(text), &values); err != nil {
			return fmt.Errorf("reading YAML: %w", err)
		}
		d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
			Result: into, TagName: "koanf", ErrorUnused: true,
			DecodeHook: mapstructure.ComposeDecodeHookFunc(
				mapstructure.StringToTimeDurationHookFunc(),
				mapstructure.TextUnmarshallerHookFunc(),
				secretHook,
			),
		})
		if err != nil {
			return err
		}
		return d.Decode(values)
	}
}

// secretHook wraps clear text; a Secret can't unmarshal itself, for only the config may
// say where secrets come from.
func secretHook(_, to reflect.Type, value any) (any, error) {
	text, ok := value.(string)
	if to != reflect.TypeFor[core.Secret]() || !ok {
		return value, nil
	}
	return core.NewSecret(text), nil
}
