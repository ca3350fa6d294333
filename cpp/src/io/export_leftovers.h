// What killed exports leave in export_dir_base, and how it is told from an export being written.
//
// The rule: who writes an export holds flock on its temporary directory itself until that has its
// final name. The kernel lets go when a process dies, so a temporary directory that can be locked
// has no writer, and whoever locks it may delete it. Between mkdir and flock a new directory looks
// abandoned, too: a writer that finds another's lock on it, or its name leading elsewhere once it
// has the lock, begins again under another name. Where directories cannot be locked, nothing is
// deleted.
#pragma once

#include <string>

#include "io/file.h"

namespace holdfast::io {

// Opens and locks directory `name` of `parent`, which is then this process's until `claimed` is
// closed. Returns false, nothing locked, where the file system cannot lock directories.
// Throws: WriteFailure, with ENOENT or EWOULDBLOCK when the directory is another export's by now.
bool claim_directory(Io& io, int parent, const std::string& name, const std::string& shown,
                     File& claimed);

// Deletes the temporary directories of exports that nobody writes any more. Best effort: what
// cannot be deleted is left for the next export.
void clear_export_leftovers(Io& io, int base);

// Deletes a directory and what is in it; best effort.
void remove_tree(Io& io, int parent, const std::string& name);

}  // namespace holdfast::io
