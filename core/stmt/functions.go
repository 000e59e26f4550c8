package stmt

import (
	"math"
	"strings"
)

// builtins are functions that write nothing and depend neither on the session nor on one
// server. A name that a server does not have may be a stored function there, which may do
// anything: so each list says from which version on the servers have them.
type builtins struct {
	mysql, mariadb, tidb uint32 // 0 is all versions that matter (MySQL 5.7, MariaDB 10.3)
	names                string
}

const never = math.MaxUint32

// harmlessSince gives for each such function the first version by flavour.
var harmlessSince = index([]builtins{
	{names: `
		abs acos asin atan atan2 ceil ceiling conv cos cot crc32 degrees exp floor ln log log10 log2 mod pi pow power
		radians rand round sign sin sqrt tan truncate greatest least interval coalesce if ifnull nullif isnull
		adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add date_format
		date_sub datediff day dayname dayofmonth dayofweek dayofyear extract from_days from_unixtime get_format hour
		last_day localtime localtimestamp makedate maketime microsecond minute month monthname now period_add period_diff
		quarter sec_to_time second str_to_date subdate subtime sysdate time time_format time_to_sec timediff timestamp
		timestampadd timestampdiff to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday
		weekofyear year yearweek
		ascii bin bit_length char char_length character_length concat concat_ws elt export_set field
		find_in_set format from_base64 hex insert instr lcase left length locate lower lpad ltrim make_set
		mid oct octet_length ord position quote repeat replace reverse right rpad rtrim soundex space strcmp substr
		substring substring_index to_base64 trim ucase unhex upper weight_string
		cast convert charset coercibility collation database schema values binary
		aes_decrypt aes_encrypt compress md5 sha sha1 sha2 uncompress uncompressed_length
		inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6
		uuid name_const sleep benchmark bit_count
		avg bit_and bit_or bit_xor count group_concat max min std stddev stddev_pop
		stddev_samp sum var_pop var_samp variance
		json_array json_array_append json_array_insert json_contains json_contains_path json_depth json_extract
		json_insert json_keys json_length json_merge json_object json_quote json_remove json_replace json_search json_set
		json_type json_unquote json_valid`},
	{names: "json_arrayagg json_objectagg", mysql: 50722, mariadb: 100500},
	{names: `
		cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number`, mysql: 80000},
	{names: "json_merge_patch json_merge_preserve json_pretty", mysql: 50722, mariadb: 100400},
	{names: "json_storage_size", mysql: 50722, mariadb: never},
	{names: "json_table", mysql: 80000, mariadb: 100600, tidb: never},
	{names: "json_value", mysql: 80021, tidb: never},
	{names: "json_overlaps", mysql: 80017, mariadb: 100900},
	{names: "json_schema_valid", mysql: 80017, mariadb: 110100},
	{names: "json_storage_free json_schema_validation_report", mysql: 80000, mariadb: never},
	{names: "any_value", mariadb: never},
	{names: "grouping regexp_like", mysql: 80000, mariadb: never},
	{names: "regexp_instr regexp_replace regexp_substr", mysql: 80000},
	{names: "bin_to_uuid is_uuid uuid_to_bin", mysql: 80000, mariadb: never},
	{names: "format_pico_time", mysql: 80016, mariadb: never, tidb: never},
	{names: "statement_digest statement_digest_text", mysql: 80000, mariadb: never, tidb: never},
	{names: "distance string_to_vector vector_dim vector_to_string", mysql: 90000, mariadb: never, tidb: never},
	{names: "encrypt", mysql: never, tidb: never},
	{names: "format_bytes", mysql: 80016, mariadb: 110800},
	{names: "random_bytes", mariadb: 101000},
	{names: `json_compact json_detailed json_exists json_loose json_query chr decode_histogram
		nvl nvl2 median percentile_cont percentile_disc column_get column_json column_list column_check
		column_exists column_create column_add column_delete`, mysql: never, tidb: never},
	{names: "crc32c natural_sort_key sformat", mysql: never, mariadb: 100800, tidb: never},
	{names: "add_months to_char", mysql: never, mariadb: 100601, tidb: never},
	{names: `
		st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains st_convexhull
		st_crosses st_difference st_dimension st_disjoint st_distance st_endpoint st_envelope st_equals st_exteriorring
		st_geomcollfromtext st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb
		st_interiorringn st_intersection st_intersects st_isclosed st_isempty st_issimple st_length st_linefromtext
		st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_pointfromtext st_pointn st_polyfromtext st_srid
		st_startpoint st_symdifference st_touches st_union st_within st_x st_y point linestring polygon
		multipoint multilinestring multipolygon geometrycollection mbrcontains mbrwithin mbrequal mbrintersects
		mbroverlaps mbrtouches mbrdisjoint`, tidb: never},
	{names: "default", mariadb: never, tidb: never}, // the default may be the next value of a sequence
	{names: "extractvalue updatexml", tidb: never},
	{names: "st_distance_sphere", mariadb: 100500, tidb: never},
	{names: "vec_distance_euclidean vec_distance_cosine vec_fromtext vec_totext vec_distance", mysql: never, mariadb: 110700, tidb: never},
	{names: `
		ilike translate vec_dims vec_l1_distance vec_l2_distance vec_negative_inner_product vec_cosine_distance
		vec_l2_norm vec_from_text vec_as_text approx_count_distinct approx_percentile tidb_parse_tso
		tidb_parse_tso_logical vitess_hash tidb_shard json_sum_crc32 sm3`, mysql: never, mariadb: never},
})

// since holds the first version of a function by flavour.
type since [TiDB + 1]uint32

func index(lists []builtins) map[string]since {
	all := map[string]since{}
	for _, l := range lists {
		from := since{FlavourUnknown: max(l.mysql, l.mariadb, l.tidb), MySQL: l.mysql, MariaDB: l.mariadb, TiDB: l.tidb}
		for _, n := range strings.Fields(l.names) {
			if _, double := all[n]; !double {
				all[n] = from
			}
		}
	}
	return all
}

// harmless says whether the name, in lower case, is such a function on the server.
func harmless(name string, m Mode) bool {
	from, ok := harmlessSince[name]
	return ok && from[m.Flavour] != never && m.Version >= from[m.Flavour]
}
