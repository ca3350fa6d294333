# The one place with instruction-set flags. Each ISA file is compiled for its ISA; everything else for
# the baseline of the architecture, so that the library starts on any machine and chooses at run time.
