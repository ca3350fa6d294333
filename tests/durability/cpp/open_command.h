// Two commands on checkpoint directories beside the campaigns, for tests/durability/hostile.py.
#pragma once

#include <string>
#include <vector>

namespace holdfast::durability {

// open DIR [FILE BYTES]: opens DIR, then gives FILE that size where one is named, then reads every
// byte; prints {"kind", "code", "text", "cpu_ms", "extra_kib"} as JSON, with kind "" and code 0
// where all went well.
int open_command(const std::vector<std::string>& arguments);

// seal DIR...: writes the COMMIT that belongs to the manifest.json of each, whatever that holds;
// save_id, commit_seq and step stay those of the COMMIT that was there.
int seal_command(const std::vector<std::string>& arguments);

}  // namespace holdfast::durability
