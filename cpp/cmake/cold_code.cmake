# What runs once for a file, a graph or an error is compiled for size: at -O3 it would be more than
# three times as large (io/checkpoint_dir.cpp 81 KB or 24 KB, api/signatures.cpp 66 KB or 17 KB), and
# the shared library is to stay below 3 MB. What runs in every step, or for every byte, is not listed.
set(HOLDFAST_COLD_CODE
  api/c_api.cpp
  api/checkpoint_reader.cpp
  api/checkpoint_writer.cpp
  api/layers.cpp
  api/load_model.cpp
  api/losses.cpp
  api/optimizers.cpp
  api/restore_plan.cpp
  api/saved_model.cpp
  api/signatures.cpp
  api/slot_names.cpp
  api/staged_checkpoint.cpp
  api/summary.cpp
  api/text_files.cpp
  api/trainer_checkpoint.cpp
  base/edit_distance.cpp
  base/json.cpp
  base/json_parse.cpp
  graph/gradients.cpp
  graph/graph.cpp
  graph/graph_def.cpp
  graph/json_form.cpp
  graph/op.cpp
  graph/prune.cpp
  io/bookkeeping.cpp
  io/checkpoint_dir.cpp
  io/commit.cpp
  io/directories.cpp
  io/event.cpp
  io/export_dir.cpp
  io/fault.cpp
  io/live_source.cpp
  io/lock_file.cpp
  io/lock_holder.cpp
  io/manifest.cpp
  io/manifest_json.cpp
  io/memory_files.cpp
  io/names.cpp
  io/opened.cpp
  io/opened_data.cpp
  io/pins.cpp
  io/recovery.cpp
  io/save.cpp
  io/save_plan.cpp
  io/shard.cpp
  io/staged_directory.cpp
  io/staged_save.cpp
  io/writer_lock.cpp
  ops/views.cpp
  runtime/csv_schema.cpp
  runtime/dataset.cpp
  runtime/dnn_shape.cpp
  runtime/embedding_fusion.cpp
  runtime/fusion.cpp
  runtime/likely_cause.cpp
  runtime/mismatch.cpp
  runtime/stage.cpp
  runtime/state.cpp
  runtime/state_comparison.cpp
  runtime/training_state.cpp)
list(TRANSFORM HOLDFAST_COLD_CODE PREPEND src/)
set_source_files_properties(${HOLDFAST_COLD_CODE} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)
# Six comparisons of six types with every kind of broadcast: -O3 unrolls 40 KB more into them. Rows of
# generators: 14 KB more around calls of functions that take far longer.
set_source_files_properties(src/ops/compare.cpp src/runtime/generator_rows.cpp
  PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O2>)
