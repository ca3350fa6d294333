// The Iris table as columns: those of kFeatures, then the class id.
#pragma once

#include <holdfast/tensor.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// Sorted by name, as Python sorts the keys of a dict of features.
inline const std::vector<std::string> kFeatures = {"PetalLength", "PetalWidth", "SepalLength",
                                                   "SepalWidth"};
// By class id.
inline const std::vector<std::string> kSpecies = {"setosa", "versicolor", "virginica"};

inline std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ',') fields.emplace_back();
    if (c != ',' && c != '\r') fields.back() += c;
  }
  return fields;
}

inline std::vector<holdfast::Tensor> read_iris(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("cannot read " + path);
  const std::vector<std::string> header = split(line);
  std::map<std::string, std::vector<std::string>> columns;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    for (std::size_t c = 0; c < header.size(); ++c) columns[header[c]].push_back(fields.at(c));
  }
  const std::vector<std::string>& species = columns["Species"];
  const holdfast::Shape rows = {static_cast<std::int64_t>(species.size())};
  std::vector<holdfast::Tensor> table;
  for (const std::string& name : kFeatures) {
    table.emplace_back(holdfast::DType::kFloat32, rows);
    std::transform(columns.at(name).begin(), columns.at(name).end(), table.back().data<float>(),
                   [](const std::string& text) { return std::strtof(text.c_str(), nullptr); });
  }
  table.emplace_back(holdfast::DType::kInt64, rows);
  std::transform(species.begin(), species.end(), table.back().data<std::int64_t>(),
                 [](const std::string& name) {
                   return std::find(kSpecies.begin(), kSpecies.end(), name) - kSpecies.begin();
                 });
  return table;
}
