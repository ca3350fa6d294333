// Where a trainer's batches come from. Dataset::make_input returns one; an application with a
// source of its own derives from it.
#pragma once

#include <cstdint>
#include <string>

#include "holdfast/export.h"
#include "holdfast/graph.h"

namespace holdfast {

// A stream of elements, each a fixed list of components (features and labels, flattened by the
// caller). Not thread-safe.
class HOLDFAST_API Input {
 public:
  virtual ~Input() = default;

  virtual int components() const = 0;
  // dtype and shape of a component of every element; sizes that vary between elements are -1.
  virtual TensorType type(int component) const = 0;

  // Moves to the next element; false at the end of the data.
  virtual bool advance() = 0;
  // Of the element moved to: the shape of a component, all sizes known.
  virtual Shape shape(int component) const = 0;
  // Of the element moved to: whether a component's shape may differ from the element before.
  virtual bool shapes_changed() const { return true; }
  // Of the element moved to: copies a component to `destination` (std::string* for kString).
  virtual void copy(int component, void* destination) const = 0;
  // Of the element moved to: whether copy_rows() works. Rows are then gathered straight to where
  // they are wanted, by several threads at once.
  virtual bool copies_rows() const { return false; }
  // Of the element moved to: copies rows [first, first + count) of a component of numbers, each to
  // `stride` bytes behind the one before. From several threads at once.
  virtual void copy_rows(int component, std::int64_t first, std::int64_t count, void* destination,
                         std::int64_t stride) const {
    static_cast<void>(component), static_cast<void>(first), static_cast<void>(count);
    static_cast<void>(destination), static_cast<void>(stride);
  }

  // Whether advance() would find another element; does not move. True where only it can tell.
  virtual bool has_next() { return true; }

  // Elements moved to since the beginning of the data, over all epochs.
  virtual std::int64_t consumed() const = 0;
  // Passes over the data that lie behind the position; negative where that is not known.
  virtual std::int64_t epoch() const { return -1; }
  // A number for the random order of the elements; 0 when there is none.
  virtual std::uint32_t order() const { return 0; }
  // Passes over `count` elements without copying them; stops early at the end of the data.
  virtual void skip(std::int64_t count) = 0;
  // Names the data (names, sizes, dtypes, transformations), not its values, to recognise it on
  // resuming.
  virtual std::string fingerprint() const = 0;
};

}  // namespace holdfast
