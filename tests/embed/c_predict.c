/* Probabilities of one row, from C: c_predict EXPORT_DIR */
#include <holdfast/c_api.h>
#include <stdio.h>

int main(int argc, char** argv) {
  static const char* const kNames[] = {"PetalLength", "PetalWidth", "SepalLength", "SepalWidth"};
  static const float kValues[] = {1.4f, 0.2f, 5.1f, 3.5f};
  const int64_t one = 1;
  if (argc != 2) return 2;
  holdfast_model* model = holdfast_model_load(argv[1], 1);
  holdfast_tensor inputs[4];
  for (int i = 0; i < 4; ++i) {
    const holdfast_tensor input = {kNames[i], HOLDFAST_FLOAT32, 1, &one, &kValues[i]};
    inputs[i] = input;
  }
  holdfast_result* result = holdfast_model_predict(model, "predict", inputs, 4);
  const holdfast_tensor* output = holdfast_result_find(result, "probabilities");
  if (output == NULL) {
    fprintf(stderr, "%s\n", holdfast_last_error());
    return 1;
  }
  const float* p = output->data;
  printf("%.9g %.9g %.9g\n", (double)p[0], (double)p[1], (double)p[2]);
  holdfast_result_free(result);
  holdfast_model_free(model);
  return 0;
}
